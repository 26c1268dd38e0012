"""The only place that speaks to Cedar: policies and schema are parsed once per process, every error denies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cedarpy

from authz.cedar import entities

FOLDER = Path(__file__).parent
ACTION = re.compile(r'@doc\("(?P<doc>[^"]+)"\)\naction "(?P<name>[^"]+)"')
TENANT_GROUPS = re.compile(r"entity TenantGroup enum \[(?P<names>[^\]]+)\]")
POLICY = re.compile(r'(?P<sentence>(?:^// .*\n)+)@id\("(?P<id>[^"]+)"\)\n(?P<text>[^@]+?;)\n', re.MULTILINE)
NOBODY = "somebody"  # Policies name no subject and no tenant, so any will do to find out what a role gives.


@dataclass(frozen=True)
class Policy:
    """One policy in force: its ``@id``, what it says in English, permit or forbid, and its Cedar text."""

    id: str
    sentence: str
    effect: str
    text: str


@dataclass(frozen=True)
class Answer:
    """Cedar's word: ``policies`` are the ids of those that determined it, ``errors`` what went wrong."""

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@cache
def actions() -> Mapping[str, str]:
    """Every action of the schema with its description, in the schema's order."""
    return {match["name"]: match["doc"] for match in ACTION.finditer(_text("schema.cedarschema"))}


@cache
def policies() -> tuple[Policy, ...]:
    """The policies in force, in the order of the file."""
    return tuple(
        Policy(
            match["id"],
            " ".join(line.removeprefix("// ") for line in match["sentence"].splitlines()),
            "forbid" if match["text"].startswith("forbid") else "permit",
            match["text"],
        )
        for match in POLICY.finditer(_text("console.cedar"))
    )


@cache
def tenant_groups() -> Mapping[str, str]:
    """The tenant groups of the schema, each with what its policy says."""
    declared = TENANT_GROUPS.search(_text("schema.cedarschema"))
    names = re.findall(r'"([^"]+)"', declared["names"]) if declared else []
    return {
        name: " ".join(
            policy.sentence for policy in policies() if f'principal in TenantGroup::"{name}"' in policy.text
        )
        for name in names
    }


def authorize(*, request: Mapping[str, Any], entities: list[dict[str, Any]]) -> Answer:
    """Ask Cedar. An error of any kind denies, be it a policy's, a request's or the engine's own."""
    try:
        result = cedarpy.is_authorized(dict(request), _policy_set(), entities, _schema())
    except Exception as error:  # whatever the engine raises, the answer is no
        return Answer(False, (), (str(error),))
    said = result.diagnostics
    ids = tuple(sorted(said.id_annotations_by_reason.get(reason, reason) for reason in said.reasons))
    return Answer(result.allowed and not said.errors, ids, tuple(said.errors))


@lru_cache(maxsize=4096)
def allowed(
    kind: str, roles: frozenset[str], tenant_groups: frozenset[str], permissions: frozenset[str]
) -> frozenset[str]:
    """Every action that Cedar allows to a standing subject who holds these, where they count.

    ``kind``: user or service_account; the rest as :func:`authz.cedar.entities.principal` takes it. The policies are
    the only place that knows what a tenant group or a system role gives: whoever lists it asks here.
    """
    subject = entities.principal(
        kind, NOBODY, active=True, roles=roles, tenant_groups=tenant_groups, permissions=permissions
    )
    things = entities.resources(NOBODY, None)
    request = {"principal": subject["uid"], "resource": things[-1]["uid"], "context": {}}
    asked = [request | {"action": entities.uid("Action", name)} for name in actions()]
    answers = cedarpy.is_authorized_batch(asked, _policy_set(), [subject, *things], _schema())
    return frozenset(
        name
        for name, answer in zip(actions(), answers, strict=True)
        if answer.allowed and not answer.diagnostics.errors
    )


def problems() -> list[str]:
    """What is wrong with the policy files: validation errors, a policy without a sentence, two with one id."""
    text = _text("console.cedar")
    found = [str(error) for error in cedarpy.validate_policies(text, _schema()).errors]
    ids = [policy.id for policy in policies()]
    written = len(re.findall(r"^(?:permit|forbid)\b", text, re.MULTILINE))
    if len(ids) != written:
        found.append(f"{written} policies, but {len(ids)} with a sentence and an @id.")
    found += [f"{name} is the id of two policies." for name in sorted({n for n in ids if ids.count(n) > 1})]
    found += [
        f"No policy names the tenant group {name}." for name, said in tenant_groups().items() if not said
    ]
    return found


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def _policy_set() -> Any:
    return cedarpy.PolicySet.from_str(_text("console.cedar"))


@cache
def _schema() -> Any:
    return cedarpy.Schema.from_str(_text("schema.cedarschema"))
