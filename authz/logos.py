"""The verbs of an Application's logo: put another one, take it away."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.pictures import NotAPicture, logo
from authz.applications import live, note
from authz.models import Application, ApplicationLogo
from authz.refusals import Refused


def put(*, tenant_id: UUID, application_id: UUID, content: bytes, actor: Actor, now: datetime) -> Application:
    """Show this picture with the Application: PNG, JPEG, WebP or GIF of at most 256 KiB. Raises Refused.

    Kept is a PNG made anew from its pixels; the same picture again changes nothing.
    """
    try:
        made = logo(content)
    except NotAPicture as problem:
        raise Refused({"logo": str(problem)}) from problem
    digest = sha256(made).hexdigest()
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        if application.logo_digest == digest:
            return application
        ApplicationLogo.objects.update_or_create(
            tenant_id=tenant_id, application=application, defaults={"content": made, "created_at": now}
        )
        return _become(application, digest, actor, now)


def remove(*, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime) -> Application:
    """Show no picture any more. Raises Refused."""
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        if not application.logo_digest:
            return application
        ApplicationLogo.objects.filter(tenant_id=tenant_id, application=application).delete()
        return _become(application, "", actor, now)


def _become(application: Application, digest: str, actor: Actor, now: datetime) -> Application:
    before = {"logo": application.logo_digest or None}
    application.logo_digest = digest
    application.save(update_fields=["logo_digest"])
    note("application.updated", application, actor, now, before=before, after={"logo": digest or None})
    return application
