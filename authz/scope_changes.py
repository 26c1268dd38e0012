"""The verbs of an Application's scopes: declare the whole list, or some and withdraw others."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz.applications import live, note
from authz.models import Application, Scope
from authz.scopes import ScopeSpec, checked_scopes, scope_row
from authz.tools import renew


def set_scopes(
    *, tenant_id: UUID, application_id: UUID, scopes: Sequence[ScopeSpec], actor: Actor, now: datetime
) -> Application:
    """Make ``scopes`` the Application's live scopes: missing ones are closed, new ones added, kept ones described.

    A scope that was closed and comes back is a new row: the history of ``scopes_supported`` stays.
    """
    specs = {spec.name: spec for spec in checked_scopes(scopes)}
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        standing = {
            row.name: row
            for row in Scope.objects.filter(
                tenant_id=tenant_id, application=application, ended_at=None
            ).select_for_update()
        }
        before = {name: _described(row) for name, row in standing.items()}
        after = {name: asdict(spec) for name, spec in specs.items()}
        if before == after:
            return application
        gone = [row.pk for name, row in standing.items() if name not in specs]
        Scope.objects.filter(tenant_id=tenant_id, pk__in=gone).update(ended_at=now, ended_by=actor.id)
        Scope.objects.bulk_create(
            scope_row(application, spec, now) for name, spec in specs.items() if name not in standing
        )
        for name in specs.keys() & standing.keys():
            if before[name] != after[name]:
                Scope.objects.filter(tenant_id=tenant_id, pk=standing[name].pk).update(**after[name])
        renew(tenant_id, application.pk)
        note(
            "application.scopes_changed",
            application,
            actor,
            now,
            before={"scopes": [before[name] for name in sorted(before)]},
            after={"scopes": [after[name] for name in sorted(after)]},
        )
    return application


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

    Like :func:`set_scopes`, of which it is the short form; two callers take turns.
    """
    with tenant_context(tenant_id):
        # Locked before the list is read: of two callers the second adds to what the first one left.
        Application.objects.select_for_update(no_key=True).filter(
            tenant_id=tenant_id, pk=application_id
        ).first()
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


def _described(row: Scope) -> dict[str, Any]:
    return asdict(ScopeSpec(row.name, row.description, str(row.risk), row.is_default))
