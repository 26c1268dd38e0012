"""When signing keys are replaced by themselves, and what operators see of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from authsec.database.context import system_context
from oauth import keys
from oauth.models import SigningKey

ROTATED_EVERY = timedelta(days=90)


def rotate_when_due(*, now: datetime) -> list[str]:
    """Rotate where the newest key of an algorithm is ROTATED_EVERY old; returns the new ids. Safe to run twice.

    Keys that nobody has signed with yet are left to their first use. Keys long past publication are deleted.
    """
    with system_context():
        keys.lock()
        newest = SigningKey.objects.filter(retired_at__isnull=True)
        due = newest.filter(created_at__lte=now - ROTATED_EVERY).exists()
        SigningKey.objects.filter(retired_at__lt=now - 2 * keys.PUBLISHED_AFTER).delete()
        return keys.rotate(now) if due else []


@dataclass(frozen=True)
class Described:
    """A key for operators. ``state``: next, signs, published (verifies only) or over; ``until``: when it retires."""

    kid: str
    algorithm: str
    state: str
    since: datetime
    until: datetime | None


def described(now: datetime) -> list[Described]:
    """Every key of the installation, oldest first."""
    return [
        Described(e.kid, e.algorithm, e.state(now), e.active_from, e.retired_at)
        for e in keys.read_all().values()
    ]
