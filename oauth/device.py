"""Device authorizations (RFC 8628): begun by a device without a browser, answered by a person with one, polled for.

Nothing is known of tenant or person before the answer, so that an open row is the system's; the answer, given inside
the tenant, writes whose it is.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from authsec.database.context import system_context
from authsec.secrets import digest, new_secret
from oauth.models import Client, DeviceGrant
from oauth.tokens import Holder

# §6.1: no vowels, so that no words; nothing that is read as another. 20⁸ codes, of which few live at a time.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
LIVES = timedelta(minutes=10)
INTERVAL_S = 5
SLOWER_S = 5  # §3.5: each slow_down


class NotOpen(Exception):
    """The authorization was answered already, or is over."""


@dataclass(frozen=True)
class Started:
    """What the device gets. ``user_code`` as a person reads it: XXXX-XXXX."""

    device_code: str
    user_code: str


def start(*, client: Client, scope: str, resource: str, ip: str | None, now: datetime) -> Started:
    """Begin an authorization for a device at ``ip``. Only digests of the two codes are kept."""
    for _ in range(5):
        started = Started(new_secret("as_dc_"), _new_user_code())
        try:
            with system_context(), transaction.atomic():
                DeviceGrant.objects.create(
                    application_id=client.pk,
                    device_code=digest(started.device_code),
                    user_code=_kept(started.user_code.replace("-", "")),
                    scope=scope,
                    resource=[resource],
                    interval=INTERVAL_S,
                    created=now,
                    expires=now + LIVES,
                    asked_ip=ip,
                )
        except IntegrityError:  # somebody else has this user code
            continue
        return started
    raise RuntimeError("Five user codes in a row were taken.")


def _new_user_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def as_typed(text: str) -> str:
    """The user code in what a person typed, whatever case, spaces and dashes (§6.1); '' when it can be none."""
    letters = "".join(letter for letter in text[:100].upper() if letter.isalnum())
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else ""


def shown(letters: str) -> str:
    """A user code as the device shows it."""
    return f"{letters[:4]}-{letters[4:]}"


def _kept(letters: str) -> str:
    """The form in which a user code is stored. Keyed: its 34 bits could be tried out against a plain digest."""
    return salted_hmac("oauth.device.user_code", letters, algorithm="sha256").hexdigest()


def find(letters: str, *, now: datetime) -> DeviceGrant | None:
    """The open authorization with this user code, from :func:`as_typed`."""
    if not letters:
        return None
    with system_context():
        found: DeviceGrant | None = (
            DeviceGrant.objects.select_related("application")
            .filter(
                user_code=_kept(letters),
                status=DeviceGrant.AUTHORIZATION_PENDING,
                expires__gt=now,
                application__disabled_at__isnull=True,
            )
            .first()
        )
    return found


def take(grant_id: UUID, *, now: datetime) -> DeviceGrant:
    """Lock an open authorization, to answer it in this transaction: of two answers the first counts. Raises NotOpen."""
    with system_context():
        row: DeviceGrant = DeviceGrant.objects.select_for_update().get(pk=grant_id)
    if row.status != DeviceGrant.AUTHORIZATION_PENDING or row.expires <= now:
        raise NotOpen
    return row


def allow(
    row: DeviceGrant,
    *,
    holder: Holder,
    scopes: tuple[str, ...],
    requested: tuple[str, ...],
    openid: tuple[str, ...],
) -> None:
    """Write down who said yes, to what and how they had signed in: the next poll turns it into tokens."""
    row.tenant_id, row.audience_id = holder.tenant_id, holder.audience_id
    row.subject, row.subject_kind, row.user_id = holder.subject, holder.subject_kind, holder.identity_id
    row.acr, row.amr, row.auth_time = holder.acr, list(holder.amr), holder.auth_time
    row.mfa_at, row.auth_ip = holder.mfa_at, holder.auth_ip
    row.scope, row.requested, row.openid = " ".join(scopes), list(requested), list(openid)
    row.status = DeviceGrant.AUTHORIZED
    with system_context():
        row.save()


def deny(row: DeviceGrant) -> None:
    """Write down the no: the next poll hears access_denied."""
    row.status = DeviceGrant.DENIED
    with system_context():
        row.save(update_fields=["status"])


def poll(row: DeviceGrant, *, now: datetime) -> str:
    """What a poll is answered (§3.5): authorized, authorization_pending, slow_down, access_denied or expired_token.

    ``row`` is locked. Polling too fast makes the interval five seconds longer, for good.
    """
    if row.expires <= now:
        return "expired_token"
    if row.status == DeviceGrant.DENIED:
        return "access_denied"
    if row.status == DeviceGrant.AUTHORIZED:
        return "authorized"
    # Networks and clocks are not exact: a poll that comes a second early is no hurry.
    hurry = row.last_checked is not None and now < row.last_checked + timedelta(seconds=row.interval - 1)
    row.last_checked = now
    if hurry:
        row.interval += SLOWER_S
    with system_context():
        row.save(update_fields=["last_checked", "interval"])
    return "slow_down" if hurry else "authorization_pending"
