"""On random worlds the database, the page's reader and the naive model say the same."""

from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from authsec.database.context import app_context, tenant_context
from authz.console import powers_of
from authz.effective.explanation import Explanation, effective_scopes, explain
from tests.authz.naive import Question, Town
from tests.authz.random_worlds import PERMISSIONS, SCOPES, draw_question, draw_town, write
from tests.chance import EXPLORE

pytestmark = pytest.mark.django_db

QUESTIONS = 6
ASKED = {*PERMISSIONS, "org:read", "roles:read", "org:close"}
WORLDS = settings(
    deadline=None,
    derandomize=not EXPLORE,
    print_blob=True,
    # Rows are slow to shrink: a failure prints the blob that repeats it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def ask(town: Town, q: Question, requested: frozenset[str]) -> Explanation:
    answer = explain(
        tenant_id=town.id,
        subject_kind=q.kind,
        subject_id=q.subject,
        at=q.at,
        mfa_at=q.mfa_at,
        ip=q.ip,
        requested=requested,
    )
    assert answer is not None
    return answer


def compare(town: Town, q: Question, requested: frozenset[str]) -> None:
    answer = ask(town, q, requested)
    assert answer.standing.active == town.stands(q)
    assert {(i.binding_id, i.source, i.source_id): i.state for i in answer.items} == {
        (b.id, source, source_id): town.state(b, q) for b, source, source_id in town.reaching(q)
    }
    assert len(answer.items) == len(town.reaching(q))
    for item in answer.items:
        role = town.roles[item.role_id]
        assert set(item.scopes) == role.gives(role.scopes, q.at)
        assert set(item.console_permissions) == role.power(q.at, item.source)
    assert {one.id for one in answer.applications} == {
        app.id for app in town.apps.values() if app.holds(q.at)
    }
    for one in answer.applications:
        compare_application(town, q, requested, answer, one.id)
    wide = {name for name, place in town.console(q) if place is None} if town.enters_console(q) else set()
    assert set(answer.effective_console) == wide


def compare_application(
    town: Town, q: Question, requested: frozenset[str], answer: Explanation, app_id: object
) -> None:
    [one] = [one for one in answer.applications if one.id == app_id]
    granted, waiting = town.granted(one.id, q, set(requested))
    assert {row.name for row in one.scopes if row.granted == "active"} == granted
    assert {row.name for row in one.scopes if row.granted == "pending_step_up"} == waiting
    everything, _ = town.granted(one.id, q, set(SCOPES))
    expected = set() if town.closed_to(one.id, q) else everything
    assert set(answer.effective.get(one.id, ())) == expected
    # Whatever the worlds are: granted ⊆ entitled ∩ supported ∩ requested, and what isn't is named by its term.
    entitled, _ = town.entitled(one.id, q)
    assert granted <= entitled & town.apps[one.id].understands(q.at) & requested
    for row in one.scopes:
        assert bool(row.granted) != bool(row.removed_by)
    held = effective_scopes(
        tenant_id=town.id,
        subject_kind=q.kind,
        subject_id=q.subject,
        application_id=one.id,
        at=q.at,
        mfa_at=q.mfa_at,
        ip=q.ip,
    )
    now, pending = town.entitled(one.id, q)
    assert {scope.name for scope in held if scope.active} == now
    assert {scope.name for scope in held if scope.pending and not scope.active} == pending
    assert {s.name for s in held if s.supported} == (now | pending) & town.apps[one.id].understands(q.at)


def compare_power(town: Town, q: Question) -> None:
    powers = powers_of(
        tenant_id=town.id, subject_id=q.subject, mfa_at=q.mfa_at, ip=q.ip, now=q.at, subject_kind=q.kind
    )
    assert {(held.permission, held.application_id) for held in powers.held} == town.console(q)
    for place in (None, *town.apps):
        held = {name for name, its in town.console(q) if its in (None, place)}
        allowed = held if town.enters_console(q) else set()
        assert powers.permissions(place) == held
        assert {
            name for name in ASKED if powers.decide(name, application_id=place).allowed
        } == allowed & ASKED
    if powers.active:
        assert set(ask(town, q, frozenset()).effective_console) == powers.permissions()


def compare_stranger(town: Town, q: Question) -> None:
    """At the authorize page the default tier counts for whom the tenant doesn't know."""
    stranger = Question("stranger", None, q.at, q.mfa_at, q.ip)
    for app in town.apps:
        held = effective_scopes(
            tenant_id=town.id,
            subject_kind="stranger",
            subject_id=None,
            application_id=app,
            at=q.at,
            mfa_at=q.mfa_at,
            ip=q.ip,
        )
        assert {s.name for s in held if s.active} == town.entitled(app, stranger)[0]


def live_in(pick: Random) -> None:
    with app_context():
        towns = [draw_town(pick), draw_town(pick)]
        for town in towns:
            write(town)
        for town in towns:
            with tenant_context(town.id):
                for _ in range(QUESTIONS):
                    question = draw_question(pick, town)
                    compare(town, question, frozenset(pick.sample(SCOPES, pick.randint(0, len(SCOPES)))))
                    compare_power(town, question)
                    compare_stranger(town, question)
        transaction.set_rollback(True)


@settings(WORLDS, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_the_reader_agrees_with_the_naive_model(pick: Random) -> None:
    live_in(pick)


@pytest.mark.long
@settings(WORLDS, max_examples=500)
@given(st.randoms(use_true_random=False))
def test_the_reader_agrees_with_the_naive_model_on_many_worlds(pick: Random) -> None:
    live_in(pick)


def test_nobody_is_explained_in_another_tenant() -> None:
    pick = Random(7)
    mine, theirs = draw_town(pick), draw_town(pick)
    write(mine)
    write(theirs)
    question = draw_question(pick, theirs)
    with tenant_context(mine.id):
        asked = explain(
            tenant_id=mine.id,
            subject_kind=question.kind,
            subject_id=question.subject,
            at=question.at,
            mfa_at=None,
            ip=None,
        )
    assert asked is None
