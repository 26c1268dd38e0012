"""Decisions written down beforehand: files that say who may do what, and which policies must decide it.

``cedar/cases/ALLOW`` and ``cedar/cases/DENY`` hold one JSON file a case: ``sentence``; ``subject`` with ``kind``,
``active`` and ``roles``, each a ``system`` key or a ``name`` with ``tenant_groups`` and ``permissions``, and ``on`` one
Application by name where the binding is limited to it; ``action``; ``on``: ``tenant`` or an Application; ``policies``:
the ids that must determine the answer; ``error``: what an answer that is an error must say.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from authz import system_roles
from authz.cedar import engine
from authz.console import Decision, HeldRole, Powers

FOLDER = engine.FOLDER / "cases"


@dataclass(frozen=True)
class Case:
    """One case. ``allowed``: what the folder says; ``policies``: sorted ids."""

    name: str
    allowed: bool
    sentence: str
    powers: Powers
    action: str
    on: str
    policies: tuple[str, ...]
    error: str = ""

    @property
    def who(self) -> str:
        """The subject's roles in words: *Tenant admin, Keeper on deploy-mcp*."""
        return ", ".join(self._words(role) for role in self.powers.roles)

    @property
    def place(self) -> str:
        """The Application's name, "" for the tenant."""
        return "" if self.on == "tenant" else self.on

    def _words(self, role: HeldRole) -> str:
        places = {_id(name): name for name in PLACES}
        return f"{role.name} on {places[role.application_id]}" if role.application_id else role.name

    def decide(self) -> Decision:
        """What the policies in force say."""
        return self.powers.decide(self.action, application_id=_place(self.on))

    def problem(self) -> str:
        """In which way the policies say something else; "" when they say what the file says."""
        said = self.decide()
        if said.allowed != self.allowed:
            return f"{self.name}: {'allowed' if said.allowed else 'denied'} ({' '.join(said.reasons)})"
        if said.policies != self.policies:
            return f"{self.name}: decided by {said.policies}, not by {self.policies}"
        if self.error not in " ".join(said.reasons):
            return f"{self.name}: says {said.reasons}, not {self.error}"
        return ""


PLACES = ("deploy-mcp", "github-mcp")


@cache
def cases() -> tuple[Case, ...]:
    """Every case, allowed ones first, by name. Raises KeyError or ValueError for a file that is none."""
    paths = sorted(FOLDER.glob("*/*.json"), key=lambda path: (path.parent.name, path.stem))
    return tuple(_read(path) for path in paths)


def problems() -> list[str]:
    """What is wrong with policies, cases and the system roles' table, one line each; empty when all hold."""
    found = [*engine.problems(), *filter(None, (case.problem() for case in cases()))]
    named = {name for case in cases() for name in case.policies}
    found += [f"No case is decided by {policy.id}." for policy in engine.policies() if policy.id not in named]
    for role in system_roles.table():
        unknown = (role.tenant_groups - engine.tenant_groups().keys()) | (
            role.listed - engine.actions().keys()
        )
        found += [f"{role.key} names {name}, which the schema doesn't have." for name in sorted(unknown)]
    reading = engine.allowed("user", frozenset(), frozenset({"auditors"}), frozenset())
    found += [
        f"{name} is neither in reading nor in auditing."
        for name in engine.actions()
        if name.endswith(":read") and name not in reading
    ]
    return found


def _read(path: Path) -> Case:
    facts = json.loads(path.read_text(encoding="utf-8"))
    subject = facts["subject"]
    roles = tuple(_role(role) for role in subject["roles"])
    return Case(
        name=path.stem,
        allowed={"ALLOW": True, "DENY": False}[path.parent.name],
        sentence=facts["sentence"],
        powers=Powers(_id("acme-corp"), subject["kind"], _id("somebody"), subject["active"], roles),
        action=facts["action"],
        on=facts["on"],
        policies=tuple(facts["policies"]),
        error=facts.get("error", ""),
    )


def _role(facts: dict[str, Any]) -> HeldRole:
    place = _place(facts.get("on", "tenant"))
    if "system" in facts:
        return HeldRole(system_roles.BY_KEY[facts["system"]].name, facts["system"], place)
    return HeldRole(
        facts["name"],
        application_id=place,
        tenant_groups=frozenset(facts.get("tenant_groups", ())),
        permissions=frozenset(facts.get("permissions", ())),
    )


def _place(name: str) -> UUID | None:
    return None if name == "tenant" else _id(name)


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)
