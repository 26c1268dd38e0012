"""Which tools there are at a moment, what the policy of an Application says, and which tools a subject can call.

A tool's scopes are any-of: one of them suffices. Scopes that the Application no longer understands count as gone,
so that a tool whose last scope was closed is nobody's.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authz.effective.explanation import Explanation
from authz.effective.terms import ApplicationAccess, ScopeAccess
from authz.models import Application, Inventory, Scope, Tool, ToolRule

TOOLS = """
select t.application_id, t.name, t.title, r.id is not null, coalesce(r.is_public, false),
       coalesce(r.required_scopes, '{}')
  from authz_tool t
  left join authz_toolrule r on r.tenant_id = t.tenant_id and r.application_id = t.application_id
   and r.tool_name = t.name and r.decided_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s)
 where t.tenant_id = %(tenant)s and t.application_id = any (%(applications)s)
   and t.published_at <= %(at)s and (t.ended_at is null or t.ended_at > %(at)s)
 order by t.application_id, t.name
"""
ORDER = ("active", "pending_step_up", "not_granted")
# Why a tool can't be called, by the state that its best scope is in.
UNMET = {
    "outside_ip": "the address is outside what the binding allows",
    "missing_context": "the binding asks for an address and none is known",
    "not_yet": "the binding has not started",
    "expired": "the binding has expired",
    "ended": "the binding has ended",
    "suspended": "standing comes first",
}


@dataclass(frozen=True)
class RuledTool:
    """A published tool and the decision that stands: public, any of the scopes, or (``decided`` False) none yet."""

    application_id: UUID
    name: str
    title: str
    decided: bool
    is_public: bool
    required_scopes: tuple[str, ...]


@dataclass(frozen=True)
class ToolAccess:
    """What a tool is to a subject. ``state``: active, pending_step_up or not_granted; then ``reason`` says why."""

    tool: RuledTool
    state: str
    reason: str


@dataclass(frozen=True)
class ToolsAccess:
    """An Application's tools for one subject: those that can be called first, then those after a second factor."""

    items: tuple[ToolAccess, ...]

    @property
    def now(self) -> int:
        """How many can be called now."""
        return sum(access.state == "active" for access in self.items)

    @property
    def later(self) -> int:
        """How many wait for a second factor."""
        return sum(access.state == "pending_step_up" for access in self.items)


def tools_at(
    *, tenant_id: UUID, applications: Collection[UUID], at: datetime
) -> Mapping[UUID, list[RuledTool]]:
    """The tools that these Applications published as of ``at``, by name. One statement, none without Applications."""
    if not applications:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(TOOLS, {"tenant": tenant_id, "applications": list(applications), "at": at})
        found: dict[UUID, list[RuledTool]] = {}
        for key, name, title, decided, is_public, scopes in cursor.fetchall():
            tool = RuledTool(key, name, title, decided, is_public, tuple(scopes))
            found.setdefault(key, []).append(tool)
    return found


def policy_of(application: Application, *, stands: bool) -> dict[str, Any]:
    """What the Application's own server enforces, in the shape that its kit reads. Three statements.

    Complete from the first decision on about a tool that is published: until then, while the Application is disabled
    or its tenant is not open (``stands`` False), the kit lets nobody call anything. A tool without a decision that
    lets anybody in is left out, which is a no.
    """
    named = {"tenant_id": application.tenant_id, "application_id": application.pk, "ended_at": None}
    scopes = list(Scope.objects.filter(**named).order_by("name").values_list("name", flat=True))
    published = Tool.objects.filter(**named).values_list("name", flat=True)
    rules = {rule.tool_name: rule for rule in ToolRule.objects.filter(**named)}
    generation = Inventory.objects.filter(
        tenant_id=application.tenant_id, application=application
    ).values_list("generation", flat=True)
    names = sorted(published)
    state, reason = _state(names, rules, stands)
    policy: dict[str, Any] = {
        "state": state,
        "policy_complete": state == "ready",
        "tool_policy": [],
        "scopes_supported": scopes,
        "generation": generation.first() or 0,
    }
    if reason:
        return policy | {"reason": reason}
    lines = [_line(rules[name], scopes) for name in names if name in rules]
    return policy | {"tool_policy": [line for line in lines if line["is_public"] or line["required_scopes"]]}


def tools_of(
    one: ApplicationAccess, explanation: Explanation, tools: Mapping[UUID, Iterable[RuledTool]]
) -> ToolsAccess:
    """What each tool of an Application is to the subject, as if a token were asked for in the same circumstances."""
    scopes = {scope.name: scope for scope in one.scopes}
    judged = [ToolAccess(tool, *_judged(tool, one, explanation, scopes)) for tool in tools.get(one.id, ())]
    return ToolsAccess(tuple(sorted(judged, key=lambda access: ORDER.index(access.state))))


def _state(names: list[str], rules: Mapping[str, ToolRule], stands: bool) -> tuple[str, str]:
    if not stands:
        return "disabled", "The Application is disabled."
    if not names:
        return "unpublished", "No tools are published."
    if not any(name in rules for name in names):
        return "undecided", "No operator has decided yet who may call which tool."
    return "ready", ""


def _line(rule: ToolRule, scopes: list[str]) -> dict[str, Any]:
    required = [name for name in rule.required_scopes if name in scopes]
    return {"name": rule.tool_name, "is_public": rule.is_public, "required_scopes": required}


def _judged(
    tool: RuledTool, one: ApplicationAccess, explanation: Explanation, scopes: Mapping[str, ScopeAccess]
) -> tuple[str, str]:
    """State and reason of one tool: standing and the Application first, then the decision, then the best scope."""
    if not explanation.standing.active:
        return "not_granted", f"{explanation.subject.name} does not stand"
    if one.closed:
        return "not_granted", f"{one.application.name} is {one.closed}"
    if not tool.decided:
        return "not_granted", "nobody decided yet who may call it"
    if not tool.is_public and not tool.required_scopes:
        return "not_granted", "nobody may call it"
    # Whoever is granted nothing gets no token, so that not even a public tool can be called.
    asked = list(scopes) if tool.is_public else list(tool.required_scopes)
    held = [scopes[name] for name in asked if name in scopes]
    for state in ("active", "pending_step_up"):
        if any(scope.granted == state for scope in held):
            return state, ""
    if tool.is_public:
        return "not_granted", "no scope is granted, so no token is given"
    return "not_granted", _why(held, tool.required_scopes, one)


def _why(held: list[ScopeAccess], required: tuple[str, ...], one: ApplicationAccess) -> str:
    """The term that takes the tool away, said about the scope that comes closest."""
    supported = [scope for scope in held if scope.supported]
    if not supported:
        return f"{one.application.name} no longer understands {' or '.join(required)}"
    if passed := [scope for scope in supported if scope.removed_by == "requested"]:
        return f"the client did not ask for {passed[0].name}"
    if known := [scope for scope in supported if scope.entitled != "none"]:
        return f"{known[0].name}: {UNMET.get(known[0].entitled, 'not met')}"
    return f"no binding gives {' or '.join(scope.name for scope in supported)}"
