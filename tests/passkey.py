"""A person's passkey, written from Web Authentication Level 3 and not from the product's library.

It does what an authenticator and an honest browser do together; every lie that a test needs is a parameter.
"""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40  # §6.1, flags


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """The little of RFC 8949 that an attestation needs: small maps, integers, byte and text strings."""
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    return _head(0, value) if value >= 0 else _head(1, -1 - value)


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    return (
        bytes([major << 5 | 24, size]) if size < 256 else bytes([major << 5 | 25]) + struct.pack(">H", size)
    )


@dataclass
class Passkey:
    """One credential (ES256). ``verifies``: the device asks for a finger or a PIN; ``synced``: it may be copied."""

    origin: str = "http://localhost:8000"
    verifies: bool = True
    synced: bool = False
    counts: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    uses: int = 0

    def create(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer to ``navigator.credentials.create`` as JSON (§5.2.1)."""
        asked = options["publicKey"]
        self.handle = unb64(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: lies.get("alg", -7), -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor(public)
        facts = self._facts(asked["rp"]["id"], ATTESTED, lies) + attested
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": facts})
        client = self._client("webauthn.create", asked["challenge"], lies)
        return self._answer(
            {"clientDataJSON": b64(client), "attestationObject": b64(attestation)},
            extensions={"credProps": {"rk": True}},
        )

    def get(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer to ``navigator.credentials.get`` as JSON (§5.2.2)."""
        asked = options["publicKey"]
        facts = self._facts(lies.get("rp", asked["rpId"]), 0, lies)
        client = self._client("webauthn.get", asked["challenge"], lies)
        signed = self.key.sign(facts + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        answer = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(facts),
            "signature": b64(lies.get("signature", signed)),
        }
        handle = lies.get("handle", self.handle)
        return self._answer(answer | ({"userHandle": b64(handle)} if handle else {}))

    def _facts(self, rp: str, more: int, lies: dict[str, Any]) -> bytes:
        flags = (
            PRESENT | more | (VERIFIED if self.verifies else 0) | (ELIGIBLE | BACKED_UP if self.synced else 0)
        )
        self.uses += 1 if self.counts else 0
        return hashlib.sha256(rp.encode()).digest() + struct.pack(
            ">BI", lies.get("flags", flags), lies.get("uses", self.uses)
        )

    def _client(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any] | None = None) -> str:
        said = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        return json.dumps(said | {"clientExtensionResults": extensions or {}})
