"""The verb that changes several things about an Application at once, for its form and for the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import applications, logos
from authz.models import Application
from authz.scope_changes import set_scopes
from authz.scopes import ScopeSpec

AS_IT_IS: Mapping[str, int] = {}


def change(
    *,
    tenant_id: UUID,
    application_id: UUID,
    rate_limit: Mapping[str, int] | None = AS_IT_IS,
    enforce_rate_limit: bool | None = None,
    scopes: Sequence[ScopeSpec] | None = None,
    status: str | None = None,
    logo: bytes = b"",
    without_logo: bool = False,
    actor: Actor,
    now: datetime,
    **facts: Any,
) -> Application:
    """Change what is given, all of it or, where one verb refuses, nothing. Raises Refused.

    ``facts``: those of :data:`authz.applications.FACTS`. ``rate_limit``: ``{"limit", "window_s"?}``, None takes it
    away. ``enforce_rate_limit``: whether the server counts. ``scopes``: the whole list. ``logo``: a picture's bytes.
    """
    which: dict[str, Any] = {
        "tenant_id": tenant_id,
        "application_id": application_id,
        "actor": actor,
        "now": now,
    }
    with tenant_context(tenant_id):
        changed = applications.update(**which, **facts)
        if rate_limit is not AS_IT_IS:
            limit: Mapping[str, Any] = rate_limit or {"limit": None}
            changed = applications.set_rate_limit(**which, **limit)
        if enforce_rate_limit is not None:
            changed = applications.set_enforcement(**which, enforce=enforce_rate_limit)
        if logo:
            changed = logos.put(**which, content=logo)
        elif without_logo:
            changed = logos.remove(**which)
        if scopes is not None:
            changed = set_scopes(**which, scopes=scopes)
        if status:
            off = status == Application.Status.DISABLED
            changed = applications.disable(**which) if off else applications.enable(**which)
    return changed
