"""The policies, case by case: each file says what is decided and which policy decides it; every error denies."""

from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from django.urls import get_resolver

from authsec.web.access import requires
from authz import checks, policy_cases, policy_document, system_roles
from authz.cedar import engine, entities
from authz.console import HeldRole, Powers, power_of, powers_from_roles
from authz.policy_cases import Case

CASES = policy_cases.cases()
TENANT = uuid4()


def ask(subject: dict[str, Any], action: str = "org:read") -> engine.Answer:
    things = entities.resources("acme", None)
    return engine.authorize(
        request={
            "principal": subject["uid"],
            "action": entities.uid("Action", action),
            "resource": things[-1]["uid"],
            "context": {},
        },
        entities=[subject, *things],
    )


def admin() -> dict[str, Any]:
    return entities.principal("user", "adam", active=True, tenant_groups=["admins"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{'ALLOW' if case.allowed else 'DENY'}/{case.name}")
def test_the_case_is_decided_by_the_policies_it_names(case: Case) -> None:
    assert case.problem() == ""


def test_a_case_that_does_not_hold_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    first = CASES[0]
    wrong = Case(**{**vars(first), "allowed": not first.allowed})
    misnamed = Case(**{**vars(first), "policies": ("people-only",)})
    monkeypatch.setattr(policy_cases, "cases", lambda: (wrong, misnamed, *CASES))
    assert len(policy_cases.problems()) == 2


def test_policies_cases_and_the_table_of_system_roles_hold() -> None:
    assert policy_cases.problems() == []
    assert len({policy.id for policy in engine.policies()}) == len(engine.policies())
    assert all(len(policy.sentence) > 20 for policy in engine.policies())


def test_every_policy_decides_some_case_both_ways_are_there_for_every_system_role() -> None:
    for role in system_roles.table():
        answers = {case.allowed for case in CASES if role.key in {r.system_key for r in case.powers.roles}}
        assert answers == {True, False}, role.key


def test_the_whole_answer_is_what_the_ways_give_one_by_one() -> None:
    """Powers, pages and Cedar agree about every action of every role and of two roles together."""
    roles = [HeldRole(role.name, role.key) for role in system_roles.table()]
    roles += [HeldRole(f"in {name}", tenant_groups=frozenset({name})) for name in engine.tenant_groups()]
    roles += [HeldRole("listed", permissions=frozenset({"billing:read", "org:close"}))]
    for kind in ("user", "service_account"):
        for held in (*((role,) for role in roles), *combinations(roles, 2)):
            powers = Powers(TENANT, kind, TENANT, True, held)
            decided = {action for action in engine.actions() if powers.decide(action).allowed}
            assert decided == powers.permissions() == {item.permission for item in powers.held}


def test_a_role_in_a_tenant_group_gives_what_the_system_role_in_it_gives() -> None:
    own = HeldRole("Release captain", tenant_groups=frozenset({"admins"}))
    assert power_of("user", [own]) == system_roles.BY_KEY["tenant-admin"].permissions
    assert "org:invite" in power_of("user", [own])


def test_a_claim_decides_as_the_same_roles_read_from_the_database_do() -> None:
    for role in system_roles.table():
        claimed = powers_from_roles(
            tenant_id=TENANT, subject_kind="user", subject_id=TENANT, role_keys=[role.key, "release-captain"]
        )
        read = Powers(TENANT, "user", TENANT, True, (HeldRole(role.name, role.key),))
        for action in engine.actions():
            assert claimed.decide(action) == read.decide(action)
    nobody = powers_from_roles(
        tenant_id=TENANT, subject_kind="user", subject_id=TENANT, role_keys=["release-captain"]
    )
    assert nobody.permissions() == frozenset()


def test_an_engine_that_breaks_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no policies today")

    assert ask(admin()).allowed
    monkeypatch.setattr(engine, "_policy_set", broken)
    said = ask(admin())
    assert not said.allowed
    assert said.errors == ("no policies today",)


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["attrs"].pop("active"),
        lambda e: e["attrs"].update(active="yes"),
        lambda e: e["attrs"].update(clearance="top secret"),
        lambda e: e.pop("attrs"),
        lambda e: e.update(uid={"type": "Robot", "id": "r2"}),
        lambda e: e["parents"].append(entities.uid("TenantGroup", "superusers")),
        lambda e: e["attrs"]["permissions"].append({"__entity": entities.uid("Action", "cake:eat")}),
    ],
    ids=["missing", "wrong type", "unknown attribute", "no attributes", "unknown kind", "group", "action"],
)
def test_a_broken_entity_is_an_error_and_denies(change: Any) -> None:
    subject = admin()
    change(subject)
    said = ask(subject)
    assert not said.allowed
    assert said.errors


def test_an_unknown_action_is_an_error_and_denies() -> None:
    said = ask(admin(), "cake:eat")
    assert not said.allowed
    assert said.errors


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
    assert table["service-operator"] == {
        "service_accounts:read",
        "service_accounts:manage",
        "apps:read",
        "effective_access:own",
    }
    reads = {name for name in everything if name.endswith(":read")}
    assert table["readonly-auditor"] == reads | {"effective_access:own"}
    assert {name.partition(":")[2] for name in table["member"]} == {"read", "own"}


def test_the_printed_tables_are_what_the_data_says() -> None:
    assert policy_document.is_current(), "manage.py policies --write"
