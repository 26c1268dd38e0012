"""Sessions in the database, of which a dump is worth nothing: the key is stored as its SHA-256, the data encrypted."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from authsec.secrets import decrypt, digest, encrypt


def stored_key(session_key: str) -> str:
    """The form in which a session key stands in the database: 40 hexadecimal digits of its SHA-256."""
    return digest(session_key)[:40]


class SessionStore(DatabaseStore):
    """Django's database sessions; only what reaches the table differs."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return encrypt(super().encode(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            return super().decode(decrypt(str(session_data)))
        except ValueError:
            return {}  # made with a key that is gone: signed out

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        if not key:
            return None
        session = Session.objects.filter(session_key=stored_key(key), expire_date__gt=timezone.now()).first()
        if session is None:
            self._session_key = None
        return session

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.session_key = stored_key(session.session_key)
        return session

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            super().delete(stored_key(session_key))


__all__ = ["SessionStore", "stored_key"]
