"""How a person's sign-in changes, written down for that person in the transaction that changes it.

allauth tells of second factors after the commit, where an event could be lost: so their rows are watched instead.
"""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.account.signals import (
    email_added,
    email_changed,
    email_confirmed,
    password_changed,
    password_reset,
    password_set,
    user_signed_up,
)
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.installation import note
from tenants.models import Identity, TrustedBrowser
from tenants.sessions import LONGEST_AGENT
from tenants.signin import sign_in_of, words_of

CODES = Authenticator.Type.RECOVERY_CODES
KINDS = {Authenticator.Type.TOTP: "Authenticator app", Authenticator.Type.WEBAUTHN: "Passkey"}
PASSWORD = {
    password_set: "password.set",
    password_changed: "password.changed",
    password_reset: "password.reset",
}


def note_own(
    identity_id: UUID,
    action: str,
    *,
    request: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down what a person did about themselves, in this request; without one it was a command."""
    request = request or context.request
    actor, agent = SYSTEM, ""
    if request is not None:
        actor = Actor(
            "identity",
            identity_id,
            "",
            ip=getattr(request, "client_ip", None),
            via="console",
            request_id=getattr(request, "id", ""),
        )
        agent = request.headers.get("User-Agent", "")[:LONGEST_AGENT]
    note(
        action=action,
        identity_id=identity_id,
        actor=actor,
        agent=agent,
        now=timezone.now(),
        before=before,
        after=after,
    )


@receiver(user_signed_up, dispatch_uid="own_events.made")
def note_sign_up(sender: Any, request: Any, user: Identity, **_: Any) -> None:
    """Somebody made an account."""
    note_own(user.pk, "identity.made", request=request)


@receiver(user_logged_in, dispatch_uid="own_events.signed_in")
def note_sign_in(sender: Any, request: Any, user: Identity, **_: Any) -> None:
    """With what somebody signed in. A link that was mailed proves nothing but the mailbox, and is none of the words."""
    words = words_of(sign_in_of(request.session).amr)
    note_own(user.pk, "signin.done", request=request, after={"with": ", ".join(words) or "a mailed link"})


@receiver(list(PASSWORD), dispatch_uid="own_events.password")
def note_password(sender: Any, request: Any, user: Identity, signal: Any, **_: Any) -> None:
    """A password that is the person's from now on."""
    note_own(user.pk, PASSWORD[signal], request=request)


@receiver(email_added, dispatch_uid="own_events.address_asked")
def note_address_asked(
    sender: Any, request: Any, user: Identity, email_address: EmailAddress, **_: Any
) -> None:
    """An address that is theirs once it is confirmed."""
    note_own(user.pk, "address.asked", request=request, after={"to": email_address.email})


@receiver(email_confirmed, dispatch_uid="own_events.address_confirmed")
def note_address_confirmed(sender: Any, request: Any, email_address: EmailAddress, **_: Any) -> None:
    """Whoever opened the link reads that address."""
    note_own(email_address.user_id, "address.confirmed", request=request, after={"to": email_address.email})


@receiver(email_changed, dispatch_uid="own_events.address_changed")
def note_address_changed(
    sender: Any,
    request: Any,
    user: Identity,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **_: Any,
) -> None:
    """Another address signs in and gets the mails from now on. The first one is no change."""
    if from_email_address is not None:
        old, new = from_email_address.email, to_email_address.email
        note_own(user.pk, "address.changed", request=request, before={"to": old}, after={"to": new})


@receiver(post_save, sender=Authenticator, dispatch_uid="own_events.factor_added")
def note_factor(sender: Any, instance: Authenticator, created: bool, **_: Any) -> None:
    """A second factor, or codes for the day on which it is lost."""
    if created:
        codes = instance.type == CODES
        note_own(
            instance.user_id,
            "codes.made" if codes else "factor.added",
            after=None if codes else _factor(instance),
        )


@receiver(authenticator_used, dispatch_uid="own_events.code_used")
def note_code_used(sender: Any, request: Any, user: Identity, authenticator: Authenticator, **_: Any) -> None:
    """A recovery code is what is used by whoever lost the device, or by whoever found the list."""
    if authenticator.type == CODES:
        note_own(user.pk, "codes.used", request=request)


@receiver(post_delete, sender=Authenticator, dispatch_uid="own_events.factor_removed")
def note_factor_removed(sender: Any, instance: Authenticator, **_: Any) -> None:
    """A second factor that counts no more. Codes go with the last one, or before new ones."""
    if instance.type != CODES:
        note_own(instance.user_id, "factor.removed", before=_factor(instance))


@receiver(post_save, sender=TrustedBrowser, dispatch_uid="own_events.browser_trusted")
def note_trust(sender: Any, instance: TrustedBrowser, created: bool, **_: Any) -> None:
    """A browser that is spared the second factor."""
    if created:
        note_own(instance.identity_id, "browser.trusted")


def _factor(row: Authenticator) -> dict[str, str]:
    name = row.data.get("name") if row.type == Authenticator.Type.WEBAUTHN else ""
    return {"kind": KINDS.get(row.type, row.type), "named": f" “{name}”" if name else ""}
