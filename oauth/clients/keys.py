"""The public keys with which a client proves itself (RFC 7517), checked: as a set, or as the URL of one.

A set that is replaced while both keys stand in it is how a client rotates: the new one signs, then the old one goes.
"""

import json
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from oauth.outbound.location import Wrong, read_location

# Each with the one kind of key that it takes. Nothing symmetric: a secret would have to be kept readable here.
KINDS = {
    "ES256": ("EC", "P-256"),
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "Ed25519": ("OKP", "Ed25519"),
}
ALGORITHMS = tuple(KINDS)
TYPES: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
PUBLIC = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# A modulus in base64url: 2048 to 8192 bits. Below it can be broken, above it checking a signature is work for us.
RSA_LETTERS = range(342, 1367)
MAX_KEYS = 20
MAX_KID = 200
MAX_URI = 500
MAX_BYTES = 16_384

Key = ECKey | RSAKey | OKPKey


class BadKeys(Exception):
    """These are no keys to prove a client by. The message is a sentence."""


@dataclass(frozen=True)
class Keys:
    """Where a client's keys stand: in ``jwks``, or at ``uri``, from where they are fetched when they are needed."""

    jwks: dict[str, Any] | None = None
    uri: str = ""


def read_keys(jwks: Any, jwks_uri: Any) -> Keys:
    """Exactly one of a key set and the URL of one (RFC 7591 §2). Raises BadKeys."""
    if (jwks is None) == (not jwks_uri):
        raise BadKeys("Give the public keys either as jwks or as jwks_uri, and not as both.")
    if jwks is not None:
        return Keys(read_key_set(jwks))
    if not isinstance(jwks_uri, str):
        raise BadKeys("jwks_uri is a text.")
    try:
        return Keys(uri=read_location(jwks_uri, max_length=MAX_URI).url)
    except Wrong as wrong:
        raise BadKeys(f"A rule for jwks_uri is broken: {wrong}.") from wrong


def read_key_set(value: Any) -> dict[str, Any]:
    """Of a JWK Set the keys that may sign here, public members only. Raises BadKeys.

    Others are left out, as RFC 7517 §5 asks for. A private part is refused wherever it stands: whoever sent it has to
    hear that the key is burnt.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys) or len(keys) > MAX_KEYS:
        raise BadKeys(f"A key set is an object with “keys”, a list of at most {MAX_KEYS} keys (RFC 7517 §5).")
    if any(PRIVATE & set(key) for key in keys):
        raise BadKeys("The set holds a private or secret key. Make a new one, and give its public part only.")
    usable = [key for key in map(_public, keys) if key is not None]
    if not usable:
        raise BadKeys(
            "The set holds no key to check signatures with: EC on P-256, RSA of at least 2048 bits, or Ed25519."
        )
    named = [key["kid"] for key in usable if "kid" in key]
    if len(set(named)) < len(named):
        raise BadKeys("Two keys of the set have the same kid.")
    return {"keys": usable}


def fitting(jwks: dict[str, Any] | None, *, kid: str | None, algorithm: str) -> Key | None:
    """The one key of a set that a header means: by ``kid``, or without one the only key of the right kind.

    None where there is none, or without a ``kid`` more than one (OpenID Connect Core §10.1).
    """
    keys = [key for key in (jwks or {}).get("keys", []) if _takes(key, algorithm)]
    if kid is not None:
        keys = [key for key in keys if key.get("kid") == kid]
    if len(keys) != 1:
        return None
    found: Key = TYPES[keys[0]["kty"]].import_key(keys[0])
    return found


def _takes(key: dict[str, Any], algorithm: str) -> bool:
    kind, curve = KINDS[algorithm]
    return key["kty"] == kind and key.get("crv") == curve and key.get("alg", algorithm) == algorithm


def _public(key: dict[str, Any]) -> dict[str, Any] | None:
    """The public members of a key that can check a signature here; None for any other."""
    kept = {name: key[name] for name in PUBLIC if key.get(name) is not None}
    if not all(isinstance(value, str) and _is_plain(value) for value in kept.values()):
        return None
    if kept.get("use", "sig") != "sig" or not any(_could_take(kept, algorithm) for algorithm in ALGORITHMS):
        return None
    if kept["kty"] == "RSA" and len(kept.get("n", "")) not in RSA_LETTERS:
        return None
    try:
        _ = TYPES[kept["kty"]].import_key(kept).public_key  # a point that is not on its curve raises here
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return kept if len(kept.get("kid", "")) <= MAX_KID else None


def _could_take(kept: dict[str, Any], algorithm: str) -> bool:
    return "kty" in kept and _takes(kept, algorithm)


def _is_plain(value: str) -> bool:
    """What PostgreSQL's jsonb can keep."""
    try:
        return "\x00" not in value and len(json.dumps(value).encode()) <= MAX_BYTES and bool(value.encode())
    except UnicodeEncodeError:
        return False
