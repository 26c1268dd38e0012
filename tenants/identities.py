"""Identities as such: making one whose address is known to be theirs, and freeing an address that was only claimed."""

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from tenants.models import Identity
from tenants.signals import identity_renamed


def register_identity(*, email: str, password: str | None, name: str = "", now: datetime) -> Identity:
    """Make an identity with a verified e-mail address: for the demo, set-up and accepted invitations.

    Runs in the caller's transaction. Raises IntegrityError when the address has an identity already.
    """
    identity = Identity.objects.create_user(email, password, name=name, created_at=now)
    EmailAddress.objects.create(user=identity, email=identity.email, verified=True, primary=True)
    return identity


def rename(*, identity: Identity, name: str) -> None:
    """Set what a person is called, here and in every tenant that knows them. Does nothing when it is the name."""
    if name == identity.name:
        return
    identity.name = name
    identity.save(update_fields=["name"])
    identity_renamed.send(Identity, user=identity)


def enrol_authenticator(*, identity: Identity, secret: str) -> Authenticator:
    """Give an identity an authenticator app with a known ``secret`` (base 32), stored encrypted. Once only."""
    found = Authenticator.objects.filter(user=identity, type=Authenticator.Type.TOTP).first()
    return found or TOTP.activate(identity, secret).instance


def free_address(*, email: str, owner: UUID) -> bool:
    """Take ``email`` from everybody but its proven ``owner``; whether it is free for them now.

    A claim that was never confirmed could not sign in and holds nothing: pending changes to the address are
    dropped, and so are identities that signed up with it and never came back.
    """
    claims = EmailAddress.objects.filter(email=email, verified=False).exclude(user_id=owner)
    claimants = list(claims.values_list("user_id", flat=True))
    claims.delete()
    Identity.objects.filter(
        pk__in=claimants, email=email, last_login=None, emailaddress=None, links=None
    ).delete()
    return not Identity.objects.filter(email=email).exclude(pk=owner).exists()
