"""The policies, case by case: each file says what is decided and which policy decides it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver

from authsec.web.access import requires
from authz import checks, system_roles
from authz.cedar import engine, entities

FOLDER = Path(engine.FOLDER) / "cases"
CASES = sorted(FOLDER.glob("*/*.json"))


def answer(case: dict[str, Any]) -> engine.Answer:
    things = entities.resources("acme", "deploy-mcp" if case["resource"] == "application" else None)
    who = case["principal"]
    subject = entities.principal(
        who["kind"], "somebody", active=who["active"], permissions=who["permissions"]
    )
    return engine.authorize(
        request={
            "principal": subject["uid"],
            "action": entities.uid("Action", case["action"]),
            "resource": things[-1]["uid"],
            "context": {"here": entities.action_set(case.get("here", []))},
        },
        entities=[subject, *things],
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_case_is_decided_by_the_policy_it_names(path: Path) -> None:
    case = json.loads(path.read_text())
    said = answer(case)
    assert said.allowed == (path.parent.name == "ALLOW"), case["sentence"]
    assert list(said.policies) == case["policies"]
    assert case.get("error", "") in " ".join(said.errors)
    assert bool(said.errors) == ("error" in case)


def test_every_policy_decides_some_case_both_kinds_are_there() -> None:
    named = {name for path in CASES for name in json.loads(path.read_text())["policies"]}
    assert named == {policy.id for policy in engine.policies()}
    assert {path.parent.name for path in CASES} == {"ALLOW", "DENY"}


def test_the_policies_are_valid_and_each_has_its_sentence() -> None:
    assert engine.problems() == []
    assert all(len(policy.sentence) > 20 for policy in engine.policies())


def test_an_engine_that_breaks_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no policies today")

    monkeypatch.setattr(engine, "_policy_set", broken)
    case = json.loads(CASES[0].read_text())
    said = answer(case)
    assert not said.allowed
    assert said.errors == ("no policies today",)


def test_every_mark_names_an_action_of_the_schema() -> None:
    marks = [mark.action for _, mark in checks.marks(get_resolver().url_patterns) if mark.kind == "requires"]
    assert len(marks) > 20
    assert set(marks) <= set(engine.actions())


def test_a_mark_with_a_made_up_action_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checks, "marks", lambda patterns: [("somewhere", requires("cake:eat")(lambda r: r).mark)]
    )
    [error] = checks.marks_name_actions()
    assert "cake:eat" in error.msg


def test_actions_are_noun_and_verb_with_words() -> None:
    for name, words in engine.actions().items():
        noun, _, verb = name.partition(":")
        assert noun.isidentifier(), name
        assert verb.isidentifier(), name
        assert words


def test_system_roles_are_rule_sevens_table() -> None:
    table = {role.key: role.permissions for role in system_roles.table()}
    everything = set(engine.actions())
    assert table["tenant-owner"] == everything
    kept_back = {"org:close", "org:transfer", "org:make_owners", "billing:read", "billing:manage"}
    assert everything - table["tenant-admin"] == kept_back
    assert not any(name.startswith(("audit:", "org:", "team:", "billing:")) for name in table["member"])
    assert table["contractor"] == {"apps:read", "effective_access:own"}
    assert "service_accounts:manage" in table["service-operator"]
    assert "audit:read" in table["readonly-auditor"]
    assert {name.partition(":")[2] for name in table["readonly-auditor"] | table["member"]} == {"read", "own"}
