"""Sessions in the database, of which a dump is worth nothing: the key is stored as its SHA-256, the data encrypted.

They end twice, whatever the cookie says: unused for SESSION_IDLE_SECONDS (SESSION_REMEMBERED_SECONDS where the person
ticked *Keep me signed in*), and SESSION_ABSOLUTE_SECONDS after sign-in, used or not. The row's own ``expire_date`` is
the moment at which it ends unless it is used again, so that neither a look-up nor a clean-up needs to decrypt.

Every signed-in session has a public id, its ``sid``, which stays when the key changes. Wherever one ends, by whatever
road, :data:`session_ended` says so.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import connection
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from authsec.database.context import system_context
from authsec.database.fields import uuid7
from authsec.secrets import decrypt, digest, encrypt

SIGNED_IN_AT = "signed_in_at"  # in the session: seconds since 1970
SID = "sid"  # in the session: its public id, a UUID as text
PUT_OFF_EVERY = timedelta(minutes=1)  # a session in use is written at most this often


# A signed-in session is over: signed out here or from elsewhere, or unused for too long. Sends sid and identity_id
# (UUIDs), reason (one of the words below) and now, once for each session and in the transaction that ends it.
session_ended = Signal()
SIGNED_OUT, SIGNED_OUT_ELSEWHERE = "signed_out", "signed_out_elsewhere"
CREDENTIALS_CHANGED, IDENTITY_DELETED, EXPIRED = "credentials_changed", "identity_deleted", "expired"


def stored_key(session_key: str) -> str:
    """The form in which a session key stands in the database: 40 hexadecimal digits of its SHA-256."""
    return digest(session_key)[:40]


class SessionStore(DatabaseStore):
    """Django's database sessions; what reaches the table differs, and when they end."""

    _ends: datetime | None = None  # the row's expire_date, when use has put it off
    address: str | None = None  # where this request comes from

    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        return _model()

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
            used = {"expire_date": self._ends, "last_active_at": timezone.now(), "address": self.address}
            _rows().filter(session_key=stored_key(self.session_key)).update(**used)
        self._ends = None

    def flush(self) -> None:
        """End the session: at sign-out, and where somebody else signs in."""
        whose, sid = self.get(SESSION_KEY), sid_of(self)
        super().flush()
        if whose and sid:
            session_ended.send(
                SessionStore, sid=sid, identity_id=UUID(whose), reason=SIGNED_OUT, now=timezone.now()
            )

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

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        key = self.session_key
        if not key:
            return None
        found = _rows().filter(session_key=stored_key(key), expire_date__gt=timezone.now()).first()
        session = cast("AbstractBaseSession | None", found)
        if session is None:
            self._session_key = None
        return session

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        now = timezone.now()
        if SESSION_KEY in data:
            data.setdefault(SIGNED_IN_AT, int(now.timestamp()))
            data.setdefault(SID, str(uuid7()))
        session: Any = super().create_model_instance(data)
        session.session_key = stored_key(session.session_key)
        session.identity_id, session.sid = data.get(SESSION_KEY), sid_of(data)
        session.last_active_at, session.address = now, self.address
        return cast("AbstractBaseSession", session)

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            super().delete(stored_key(session_key))


def sid_of(session: Any) -> UUID | None:
    """The public id of a session (or of its data); None while nobody is signed in."""
    said = session.get(SID) if session.get(SESSION_KEY) else None
    return UUID(said) if said else None


def end_sessions(
    *, identity_id: UUID, reason: str, now: datetime, only: UUID | None = None, but: UUID | None = None
) -> int:
    """End a person's sessions: the one with the sid ``only``, or all ``but`` one. Returns how many ended.

    It counts from the next request on: a request that runs at this moment may finish, but not write its session.
    """
    rows = _rows().filter(identity_id=identity_id, sid__isnull=False)
    rows = rows.filter(sid=only) if only else rows
    rows = rows.exclude(sid=but) if but else rows
    ended = list(rows.select_for_update().order_by("session_key").values_list("session_key", "sid"))
    _rows().filter(session_key__in=[key for key, _ in ended]).delete()
    for sid in {sid for _, sid in ended}:
        session_ended.send(SessionStore, sid=sid, identity_id=identity_id, reason=reason, now=now)
    return len(ended)


def _model() -> type[AbstractBaseSession]:
    """The model lives with the identity; this module is imported before the models are."""
    return cast("type[AbstractBaseSession]", apps.get_model("tenants", "Session"))


def _rows() -> Any:
    return _model()._default_manager


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
        request.session.address = request.client_ip
        response = self.get_response(request)
        # Else Django writes the row anyway, or the transaction is broken and takes no more statements.
        if not request.session.modified and response.status_code < 500:
            request.session.put_off()
        return response


def delete_expired(*, now: datetime, batch: int = 5_000) -> int:
    """Delete sessions that are over, ``batch`` a transaction. Returns how many."""
    statement = (
        "delete from tenants_session where session_key in (select session_key from tenants_session"
        " where expire_date < %s order by expire_date limit %s for update skip locked) returning sid, identity_id"
    )
    deleted = 0
    while True:
        with system_context(), connection.cursor() as cursor:
            cursor.execute(statement, [now, batch])
            rows = cursor.fetchall()
            for sid, identity_id in rows:
                if sid and identity_id:
                    session_ended.send(
                        SessionStore, sid=sid, identity_id=identity_id, reason=EXPIRED, now=now
                    )
        found = len(rows)
        deleted += found
        if found < batch:
            return deleted
