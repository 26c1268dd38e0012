"""Resource credentials: an Application's own id and secret, with which it introspects."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.actor import Actor
from authsec.secrets import digest, new_secret
from authz.applications import note
from authz.models import Application
from oauth.models import ResourceCredential

# How long the old secret keeps working after rotation, so that a deployment can follow without an outage.
OVERLAP = timedelta(hours=24)


class NoSuchApplication(Exception):
    """The tenant has no such Application, or it is closed."""


class NoSuchCredential(Exception):
    """The Application has no such credential in use."""


def issue(*, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime) -> tuple[str, str]:
    """Make a credential. Returns its id and its secret, which is shown once and kept as a digest only.

    Raises NoSuchApplication.
    """
    application = _application(tenant_id, application_id)
    credential_id, secret = new_secret("as_rc_")[:38], new_secret("as_rs_")
    ResourceCredential.objects.create(
        tenant_id=tenant_id,
        application=application,
        credential_id=credential_id,
        secret_digest=digest(secret),
        created_at=now,
        created_by=actor.id,
    )
    note("credential.issued", application, actor, now, after={"credential_id": credential_id})
    return credential_id, secret


def rotate(*, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime) -> tuple[str, str]:
    """Make a new credential; those in use go on for OVERLAP. Returns id and secret, shown once."""
    issued = issue(tenant_id=tenant_id, application_id=application_id, actor=actor, now=now)
    live(tenant_id=tenant_id, application_id=application_id, now=now).exclude(credential_id=issued[0]).filter(
        expires_at__isnull=True
    ).update(expires_at=now + OVERLAP)
    return issued


def end(
    *, tenant_id: UUID, application_id: UUID, credential_id: str, actor: Actor, now: datetime
) -> ResourceCredential:
    """Stop a credential at once. Returns early when it has ended. Raises NoSuchCredential."""
    application = _application(tenant_id, application_id)
    credential = (
        ResourceCredential.objects.select_for_update()
        .filter(tenant_id=tenant_id, application_id=application_id, credential_id=credential_id)
        .first()
    )
    if credential is None:
        raise NoSuchCredential("There is no such credential here.")
    if credential.ended_at:
        return credential
    credential.ended_at, credential.ended_by = now, actor.id
    credential.save(update_fields=["ended_at", "ended_by"])
    note("credential.ended", application, actor, now, before={"credential_id": credential_id})
    return credential


def live(*, tenant_id: UUID, application_id: UUID, now: datetime) -> QuerySet[ResourceCredential]:
    """The credentials that work now, newest first."""
    return (
        ResourceCredential.objects.filter(
            tenant_id=tenant_id, application_id=application_id, ended_at__isnull=True
        )
        .exclude(expires_at__lte=now)
        .order_by("-created_at", "-id")
    )


def _application(tenant_id: UUID, application_id: UUID) -> Application:
    """Locked, so that of two rotations the second gives an end to the first one's credential, too."""
    rows = Application.objects.select_for_update(no_key=True)
    found = rows.filter(tenant_id=tenant_id, pk=application_id, ended_at__isnull=True).first()
    if found is None:
        raise NoSuchApplication
    return found
