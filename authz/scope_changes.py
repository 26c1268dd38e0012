"""The verb that declares some scopes of an Application and withdraws others, while the rest stay as they are."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz.applications import set_scopes
from authz.models import Application, Scope
from authz.scopes import ScopeSpec


def change_scopes(
    *,
    tenant_id: UUID,
    application_id: UUID,
    declared: Sequence[ScopeSpec] = (),
    withdrawn: Iterable[str] = (),
    actor: Actor,
    now: datetime,
) -> Application:
    """Declare scopes, anew where one of the name is there, and withdraw others by name. Raises Refused.

    Like :func:`authz.applications.set_scopes`, of which it is the short form; two callers take turns.
    """
    with tenant_context(tenant_id):
        # Locked before the list is read: of two callers the second adds to what the first one left.
        Application.objects.select_for_update().filter(tenant_id=tenant_id, pk=application_id).first()
        live = Scope.objects.filter(tenant_id=tenant_id, application_id=application_id, ended_at=None)
        gone = {*withdrawn, *(spec.name for spec in declared)}
        kept = [
            ScopeSpec(row.name, row.description, str(row.risk), row.is_default)
            for row in live.order_by("name")
            if row.name not in gone
        ]
        # What the caller named comes first, so that a refusal points at the caller's own list.
        scopes = [*declared, *kept]
        return set_scopes(
            tenant_id=tenant_id, application_id=application_id, scopes=scopes, actor=actor, now=now
        )
