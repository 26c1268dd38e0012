"""Sessions in the database, of which a dump is worth nothing: the key is stored as its SHA-256, the data encrypted.

They end twice, whatever the cookie says: unused for SESSION_IDLE_SECONDS (SESSION_REMEMBERED_SECONDS where the person
ticked *Keep me signed in*), and SESSION_ABSOLUTE_SECONDS after sign-in, used or not. The row's own ``expire_date`` is
the moment at which it ends unless it is used again, so that neither a look-up nor a clean-up needs to decrypt.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from authsec.database.context import system_context
from authsec.secrets import decrypt, digest, encrypt

SIGNED_IN_AT = "signed_in_at"  # in the session: seconds since 1970
PUT_OFF_EVERY = timedelta(minutes=1)  # a session in use is written at most this often


def stored_key(session_key: str) -> str:
    """The form in which a session key stands in the database: 40 hexadecimal digits of its SHA-256."""
    return digest(session_key)[:40]


class SessionStore(DatabaseStore):
    """Django's database sessions; what reaches the table differs, and when they end."""

    _ends: datetime | None = None  # the row's expire_date, when use has put it off

    def load(self) -> dict[str, Any]:
        """The session's data; empty when it has ended."""
        row, now = self._get_session_from_db(), timezone.now()
        data = self.decode(row.session_data) if row else {}
        if row is None or not data:
            return data
        ends = _ends(data, now)
        if ends <= now:  # the limits were set shorter since
            self._session_key = None
            return {}
        if not row.expire_date <= ends <= row.expire_date + PUT_OFF_EVERY:
            self._ends = ends
        return data

    def put_off(self) -> None:
        """Note that the session was used: its end moves. The data is not written, so nothing another request wrote
        meanwhile is lost.
        """
        if self._ends and self.session_key:
            Session.objects.filter(session_key=stored_key(self.session_key)).update(expire_date=self._ends)
        self._ends = None

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When the session ends unless it is used again."""
        return _ends(self, timezone.now())

    def get_expiry_age(self, **kwargs: Any) -> int:
        """How many seconds a remembered session's cookie lives: to the absolute end. The row ends the session."""
        now = timezone.now()
        return max(int((_absolute_end(self, now) - now).total_seconds()), 0)

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
        if SESSION_KEY in data:
            data.setdefault(SIGNED_IN_AT, int(timezone.now().timestamp()))
        session = super().create_model_instance(data)
        session.session_key = stored_key(session.session_key)
        return session

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            super().delete(stored_key(session_key))


# ``data``: a session or its data; both have get().
def _absolute_end(data: Any, now: datetime) -> datetime:
    signed_in_at = data.get(SIGNED_IN_AT)
    began = now if signed_in_at is None else datetime.fromtimestamp(signed_in_at, UTC)
    return began + timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)


def _ends(data: Any, now: datetime) -> datetime:
    """When a session used just now ends: after the idle time, or at its absolute end if that is sooner."""
    remembered = bool(data.get("_session_expiry"))  # 0 or nothing: the cookie goes with the browser
    idle = settings.SESSION_REMEMBERED_SECONDS if remembered else settings.SESSION_IDLE_SECONDS
    return min(now + timedelta(seconds=idle), _absolute_end(data, now))


class SessionUseMiddleware:
    """Puts off the end of a session that a request used. Stands right inside Django's SessionMiddleware.

    At the request's end, after every other row it locks: two requests of one person then never wait for each other
    crosswise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        if not request.session.modified:  # else Django writes the row anyway
            request.session.put_off()
        return response


def delete_expired(*, now: datetime, batch: int = 5_000) -> int:
    """Delete sessions that are over, ``batch`` a transaction. Returns how many."""
    statement = (
        "delete from django_session where session_key in (select session_key from django_session"
        " where expire_date < %s order by expire_date limit %s for update skip locked)"
    )
    deleted = 0
    while True:
        with system_context(), connection.cursor() as cursor:
            cursor.execute(statement, [now, batch])
            found: int = cursor.rowcount
        deleted += found
        if found < batch:
            return deleted


__all__ = ["SIGNED_IN_AT", "SessionStore", "SessionUseMiddleware", "delete_expired", "stored_key"]
