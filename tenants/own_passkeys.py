"""The passkeys that one has, and the other second factors beside them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator

from tenants.models import Identity

MOST = 20  # passkeys of one person
LONGEST_NAME = 60  # characters
WEBAUTHN = Authenticator.Type.WEBAUTHN


class TooMany(Exception):
    """Nobody has so many devices."""

    def __init__(self) -> None:
        super().__init__(f"You have {MOST} passkeys. Remove one that you don’t use any more first.")


@dataclass(frozen=True)
class Passkey:
    """One passkey. ``alone``: signs its owner in without a password, as far as its browser told when it was made.
    ``synced``: kept by a password manager on several devices.
    """

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    alone: bool
    synced: bool


@dataclass(frozen=True)
class Factors:
    """Which second factors a person has: an authenticator app, how many passkeys, recovery codes."""

    app: bool = False
    passkeys: int = 0
    codes: bool = False

    @property
    def any(self) -> bool:
        """Whether there is one; recovery codes alone are none, they come with another."""
        return self.app or self.passkeys > 0


def factors_of(identity: Identity) -> Factors:
    """One statement."""
    types = list(Authenticator.objects.filter(user=identity).values_list("type", flat=True))
    return Factors(
        Authenticator.Type.TOTP in types, types.count(WEBAUTHN), Authenticator.Type.RECOVERY_CODES in types
    )


def passkeys_of(identity_id: UUID) -> list[Passkey]:
    """A person's passkeys, oldest first."""
    rows = Authenticator.objects.filter(user_id=identity_id, type=WEBAUTHN).order_by("created_at", "pk")
    return [
        Passkey(
            id=row.pk,
            name=row.data["name"],
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            alone=row.data["verified"] and row.data["resident"] is not False,
            synced=row.data["synced"],
        )
        for row in rows
    ]


def passkey_row(*, identity: Identity, passkey_id: int) -> Authenticator | None:
    """The row of one of this person's passkeys; None for anybody else's."""
    return Authenticator.objects.filter(user=identity, type=WEBAUTHN, pk=passkey_id).first()


def keep(*, identity: Identity, name: str, facts: dict[str, Any], now: datetime) -> Authenticator:
    """Store what :func:`tenants.passkeys.judge_new` found, as used now. Raises TooMany."""
    Identity.objects.select_for_update(no_key=True).get(pk=identity.pk)
    if Authenticator.objects.filter(user=identity, type=WEBAUTHN).count() >= MOST:
        raise TooMany
    return Authenticator.objects.create(
        user=identity, type=WEBAUTHN, data={"name": name, **facts}, created_at=now, last_used_at=now
    )


def rename(*, row: Authenticator, name: str) -> None:
    """Call a passkey something else."""
    row.data["name"] = name
    row.save(update_fields=["data"])
