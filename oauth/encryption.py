"""What is encrypted at rest, encrypted anew with the first of AUTHSEC_KEYS, so that the others can be taken away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Model

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.installation import note
from authsec.database.context import system_context
from authsec.secrets import encrypt_anew
from oauth.models import SigningKey
from tenants.models import Session

BATCH = 500  # rows locked at a time
SECRETS = ("secret", "seed")  # of an authenticator app, of recovery codes


def encrypt_everything_anew(*, now: datetime, actor: Actor = SYSTEM) -> dict[str, int]:
    """Encrypt what is kept with the first of AUTHSEC_KEYS: signing keys, second factors, sessions. Returns counts.

    A batch a transaction; run again it does the same again, and stopped in the middle it leaves nothing that the keys
    in force cannot read. Raises ValueError for a signing key or second factor that none of them decrypts.
    """
    done = {title: _every(model, column, anew) for title, model, column, anew in KEPT}
    with system_context():
        note(action="keys.encrypted", actor=actor, now=now, after=done)
    return done


def _key(value: Any) -> bytes:
    return encrypt_anew(bytes(value).decode()).encode()


def _factor(data: dict[str, Any]) -> dict[str, Any]:
    return {name: encrypt_anew(value) if name in SECRETS else value for name, value in data.items()}


def _session(value: str) -> str:
    try:
        return encrypt_anew(value)
    except ValueError:
        return value  # of a key that is gone: nobody is signed in by it


KEPT: tuple[tuple[str, type[Model], str, Callable[[Any], Any]], ...] = (
    ("signing keys", SigningKey, "private_encrypted", _key),
    ("second factors", Authenticator, "data", _factor),
    ("sessions", Session, "session_data", _session),
)


def _every(model: type[Model], column: str, anew: Callable[[Any], Any]) -> int:
    done, last, every = 0, None, model._default_manager.order_by("pk").select_for_update()
    while True:
        with system_context():
            rows = list((every.filter(pk__gt=last) if last else every)[:BATCH])
            for row in rows:
                setattr(row, column, anew(getattr(row, column)))
            model._default_manager.bulk_update(rows, [column])
        done += len(rows)
        if len(rows) < BATCH:
            return done
        last = rows[-1].pk
