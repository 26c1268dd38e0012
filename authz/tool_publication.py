"""Publishing: an Application's server says which tools it has.

It writes what the server says about itself and nothing else. A server that was taken over can neither open a tool nor
change a word of an operator's decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import queries
from authz.applications import note
from authz.models import Application, Tool
from authz.tool_manifest import ToolSpec
from authz.tools import live_application, locked_inventory, renew

# How many names an event holds of each kind; the numbers are always whole.
NAMED = 50
FACTS = ("title", "description", "input_schema", "annotations", "suggested_scopes")


@dataclass(frozen=True)
class Published:
    """What a manifest changed: names of tools, and the generation that stands now."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    total: int
    generation: int


def publish(
    *,
    tenant_id: UUID,
    application_id: UUID,
    tools: Sequence[ToolSpec],
    credential_id: str,
    actor: Actor,
    now: datetime,
) -> Published:
    """Make ``tools`` the Application's published ones: missing ones are closed, new ones added, others described anew.

    Decisions stay as they are, those about closed tools too. Nothing is recorded when nothing changed. Raises Refused.
    """
    specs = {spec.name: spec for spec in tools}
    with tenant_context(tenant_id):
        application = live_application(tenant_id, application_id)
        inventory = locked_inventory(application)
        live = {row.name: row for row in queries.tools(tenant_id, application_id)}
        added = [name for name in specs if name not in live]
        removed = [name for name in live if name not in specs]
        changed = {
            name: facts for name in specs if name in live and (facts := _different(live[name], specs[name]))
        }
        _write(application, specs, live, added, removed, changed, now)
        inventory.published_at, inventory.published_with = now, credential_id
        inventory.save(update_fields=["published_at", "published_with"])
        if added or removed or changed:
            inventory.generation = renew(tenant_id, application_id)
            after = _said(added, removed, changed) | {"tools": len(specs), "credential_id": credential_id}
            before = {"tools": len(live)}
            note("application.tools_published", application, actor, now, before=before, after=after)
    return Published(tuple(added), tuple(changed), tuple(removed), len(specs), inventory.generation)


def _write(
    application: Application,
    specs: Mapping[str, ToolSpec],
    live: Mapping[str, Tool],
    added: Sequence[str],
    removed: Sequence[str],
    changed: Mapping[str, Any],
    now: datetime,
) -> None:
    rows = Tool.objects.filter(tenant_id=application.tenant_id)
    rows.filter(pk__in=[live[name].pk for name in removed]).update(ended_at=now)
    for name in changed:
        rows.filter(pk=live[name].pk).update(**_columns(specs[name]), changed_at=now)
    facts = {"tenant_id": application.tenant_id, "application": application, "published_at": now}
    Tool.objects.bulk_create(Tool(**facts, **_columns(specs[name])) for name in added)


def _columns(spec: ToolSpec) -> dict[str, Any]:
    return asdict(spec) | {"suggested_scopes": list(spec.suggested_scopes)}


def _different(row: Tool, spec: ToolSpec) -> list[str]:
    """Names of the facts in which the two differ."""
    columns = _columns(spec)
    return [name for name in FACTS if getattr(row, name) != columns[name]]


def _said(added: Sequence[str], removed: Sequence[str], changed: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "added": list(added[:NAMED]),
        "removed": list(removed[:NAMED]),
        "changed": dict(list(changed.items())[:NAMED]),
        "numbers": {"added": len(added), "removed": len(removed), "changed": len(changed)},
    }
