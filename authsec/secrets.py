"""Random secrets, their digests, and encryption at rest.

Codes, tokens, client secrets and links are 256 bits of randomness: SHA-256 is a sufficient digest for them (a slow
password hash buys nothing against a value nobody can guess), and is compared in constant time.
"""

import base64
import hashlib
import os
import secrets as random
from contextlib import suppress
from hmac import compare_digest
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.contrib.auth.hashers import BasePasswordHasher


def new_secret(prefix: str = "") -> str:
    """A new secret of 256 random bits, of ``A–Z a–z 0–9 - _`` only, after the prefix."""
    return prefix + random.token_urlsafe(32)


def digest(secret: str) -> str:
    """The SHA-256 of a secret, as 64 hexadecimal digits: the only form in which it is stored.

    Any text has one, also half a surrogate pair, which JSON's escapes can spell and UTF-8 cannot.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def cache_key(key: str, prefix: str, version: int) -> str:
    """The form in which a cache key is stored: a digest, as it may name an account, an address or a used code."""
    return digest(f"{prefix}:{version}:{key}")


def same_secret(secret: str, stored_digest: str) -> bool:
    """Whether the secret has the stored digest, in constant time."""
    return compare_digest(digest(secret), stored_digest)


class FastHasher(BasePasswordHasher):
    """SHA-256 for django-oauth-toolkit's client secrets, which are random. Never for passwords of people.

    Its default (PBKDF2, 1.5 million rounds) costs a third of a second of CPU at every token request.
    """

    algorithm = "authsec_fast"

    def encode(self, password: str, salt: str) -> str:
        return f"{self.algorithm}$${digest(password)}"

    def verify(self, password: str, encoded: str) -> bool:
        return same_secret(password, encoded.rpartition("$")[2])

    def salt(self) -> str:
        return "-"  # Django asks for a non-empty salt; a random secret needs none.

    def decode(self, encoded: str) -> dict[str, Any]:
        return {"algorithm": self.algorithm, "hash": encoded.rpartition("$")[2]}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": self.algorithm}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to harden: the work does not depend on the secret."""


def _cipher() -> MultiFernet:
    from django.conf import settings

    if not settings.AUTHSEC_KEYS:
        raise RuntimeError("AUTHSEC_KEYS is empty: set at least one key for encryption at rest.")
    return MultiFernet([Fernet(key) for key in settings.AUTHSEC_KEYS])


def encrypt(text: str) -> str:
    """Encrypt for storage with the first of AUTHSEC_KEYS (AES-128-CBC with HMAC-SHA256, Fernet)."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Decrypt what :func:`encrypt` made with any of AUTHSEC_KEYS. Raises ValueError when none fits."""
    try:
        return _cipher().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise ValueError("None of AUTHSEC_KEYS decrypts this value.") from error


def encrypt_anew(text: str) -> str:
    """What :func:`encrypt` made with any of AUTHSEC_KEYS, encrypted with the first. Raises ValueError like decrypt."""
    return encrypt(decrypt(text))


def development_secret(folder: Path, name: str) -> str:
    """A random key kept in a private file of the development folder, made at the first call.

    Two processes that start at one moment agree: the file appears whole and only once, the slower one reads it.
    """
    path = folder / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(base64.urlsafe_b64encode(os.urandom(32)).decode())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
