"""An operator's verbs about published tools: who may call each. Publishing is ``authz.tool_publication``.

A tool that nobody decided about is in no policy, so nobody may call it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import queries
from authz.applications import note
from authz.models import MAX_SCOPES_A_TOOL, Application, Inventory, Tool, ToolRule
from authz.refusals import Refused


class NoSuchTool(Exception):
    """The Application publishes no tool of this name."""


class ChangedMeanwhile(Exception):
    """What the operator was looking at is not what is there any more."""


def decide(
    *,
    tenant_id: UUID,
    application_id: UUID,
    tool_name: str,
    is_public: bool = False,
    required_scopes: Iterable[str] = (),
    actor: Actor,
    now: datetime,
) -> ToolRule:
    """Say who may call a published tool: whoever has one of the scopes, everybody with a token, or nobody.

    Raises NoSuchTool; Refused with ``required_scopes`` or ``is_public``.
    """
    with tenant_context(tenant_id):
        application = live_application(tenant_id, application_id)
        locked_inventory(application)
        if not queries.tools(tenant_id, application.pk).filter(name=tool_name).exists():
            raise NoSuchTool("This Application publishes no such tool.")
        scopes = _known(application, required_scopes, is_public)
        return _decide(application, tool_name, is_public, scopes, actor, now)


def accept_suggestions(
    *, tenant_id: UUID, application_id: UUID, generation: int, actor: Actor, now: datetime
) -> list[ToolRule]:
    """Decide every undecided tool as its server suggests, where it suggests scopes that the Application has.

    ``generation``: the one that the operator looked at; another stands now: ChangedMeanwhile. Else a server could
    slip a suggestion in between looking and accepting. Raises Refused.
    """
    with tenant_context(tenant_id):
        application = live_application(tenant_id, application_id)
        if locked_inventory(application).generation != generation:
            raise ChangedMeanwhile("The tools or their scopes have changed since you looked at them.")
        return [
            _decide(application, tool.name, False, scopes, actor, now)
            for tool, scopes in suggestions(application)
        ]


def suggestions(application: Application) -> list[tuple[Tool, list[str]]]:
    """Undecided tools by name, each with what accepting would require: suggested scopes that the Application has."""
    scopes = set(_scope_names(application))
    rows = queries.undecided_tools(application.tenant_id, application.pk).order_by("name")
    wanted = ((tool, sorted(scopes.intersection(tool.suggested_scopes))) for tool in rows)
    return [(tool, names) for tool, names in wanted if names]


def renew(tenant_id: UUID, application_id: UUID) -> int:
    """Count a change of what the Application's policy says; the generation that stands then, 0 without an inventory."""
    rows = Inventory.objects.filter(tenant_id=tenant_id, application_id=application_id)
    rows.update(generation=F("generation") + 1)
    return rows.values_list("generation", flat=True).first() or 0


def _decide(
    application: Application, name: str, is_public: bool, scopes: list[str], actor: Actor, now: datetime
) -> ToolRule:
    """Close the decision that stands and write the new one. Returns early when it says the same."""
    rules = ToolRule.objects.filter(tenant_id=application.tenant_id, application=application)
    old = rules.filter(tool_name=name, ended_at=None).first()
    if old and (old.is_public, old.required_scopes) == (is_public, scopes):
        return old
    if old:
        rules.filter(pk=old.pk).update(ended_at=now)
    rule = ToolRule.objects.create(
        tenant_id=application.tenant_id,
        application=application,
        tool_name=name,
        is_public=is_public,
        required_scopes=scopes,
        decided_at=now,
        decided_by=actor.id,
    )
    renew(application.tenant_id, application.pk)
    before, after = (_said(old) if old else None), _said(rule)
    note("application.tool_decided", application, actor, now, before=before, after=after)
    return rule


def live_application(tenant_id: UUID, application_id: UUID) -> Application:
    """The Application that stands; Refused for another."""
    rows = Application.objects.filter(tenant_id=tenant_id, pk=application_id, ended_at=None)
    if (application := rows.first()) is None:
        raise Refused({"application_id": "There is no such Application here, or it is archived."})
    return application


def locked_inventory(application: Application) -> Inventory:
    """The Application's inventory, locked: publishing and deciding take turns."""
    facts = {"tenant_id": application.tenant_id, "application": application}
    Inventory.objects.bulk_create([Inventory(**facts)], ignore_conflicts=True)
    return Inventory.objects.select_for_update().get(**facts)


def _scope_names(application: Application) -> list[str]:
    return list(queries.scopes(application.tenant_id, application.pk).values_list("name", flat=True))


def _known(application: Application, names: Iterable[str], is_public: bool) -> list[str]:
    """The names, sorted and once each. Refuses unknown ones, too many, and any for a public tool."""
    wanted = sorted(set(names))
    if wanted and is_public:
        raise Refused({"is_public": "A public tool requires no scopes."})
    if len(wanted) > MAX_SCOPES_A_TOOL:
        raise Refused({"required_scopes": f"At most {MAX_SCOPES_A_TOOL} scopes."})
    if wanted and (unknown := sorted(set(wanted) - set(_scope_names(application)))):
        raise Refused({"required_scopes": f"{application.name} has no scope {unknown[0][:128]}."})
    return wanted


def _said(rule: ToolRule) -> dict[str, Any]:
    scopes = list(rule.required_scopes)
    return {"tool": rule.tool_name, "is_public": rule.is_public, "required_scopes": scopes}
