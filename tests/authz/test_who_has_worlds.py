"""On random worlds the reverse agrees with the one function: whom it names for a scope have it, and nobody else has."""

from random import Random
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from authsec.database.context import app_context, tenant_context
from authz.effective.explanation import Explanation, explain
from authz.effective.wanted import Wanted
from authz.effective.who_has import AsIf, Holder, Narrowed, who_has
from tests.authz.naive import Town
from tests.authz.random_worlds import PERMISSIONS, SCOPES, draw_question, draw_town, write
from tests.authz.test_effective_worlds import WORLDS

pytestmark = pytest.mark.django_db


def everybody(town: Town, as_if: AsIf) -> dict:
    """What the forward reader says of each subject."""
    subjects = [("user", key) for key in town.people] + [("service_account", key) for key in town.accounts]
    told = {}
    for kind, key in subjects:
        answer = explain(
            tenant_id=town.id,
            subject_kind=kind,
            subject_id=key,
            at=as_if.at,
            mfa_at=as_if.mfa_at,
            ip=as_if.ip,
        )
        assert answer is not None
        told[key] = answer
    return told


def listed(town: Town, as_if: AsIf, wanted: Wanted, limit: int, **narrowed: str) -> dict:
    """All pages of the reverse, forwards, and the same again backwards from the last one."""
    cursor, found, pages = "", [], []
    while cursor is not None:
        page = who_has(
            tenant_id=town.id,
            wanted=wanted,
            as_if=as_if,
            narrowed=Narrowed(**narrowed),
            cursor=cursor,
            limit=limit,
        )
        found += page.items
        pages.append(page)
        cursor = page.next
    assert [one.id for one in found] == sorted(one.id for one in found)
    if len(pages) > 1 and pages[-1].previous and not narrowed:
        back = who_has(
            tenant_id=town.id,
            wanted=wanted,
            as_if=as_if,
            narrowed=Narrowed(),
            cursor=pages[-1].previous,
            limit=limit,
        )
        assert [one.id for one in back.items] == [one.id for one in pages[-2].items]
    return {one.id: one for one in found}


def agree_on_scopes(town: Town, as_if: AsIf, told: dict[object, Explanation], limit: int) -> None:
    for app in town.apps:
        for scope in SCOPES:
            found: dict[object, Holder] = listed(town, as_if, Wanted(application_id=app, scope=scope), limit)
            has = {key for key, one in found.items() if one.state == "active"}
            assert has == {key for key, answer in told.items() if scope in answer.effective.get(app, ())}
            for key, one in found.items():
                ways = {
                    (path.item.binding_id, path.item.source, path.item.source_id, path.item.met)
                    for access in told[key].applications
                    if access.id == app
                    for row in access.scopes
                    if row.name == scope
                    for path in row.paths
                    if path.item.met not in ("ended", "expired")
                }
                if one.state != "unsupported":
                    assert {
                        (way.binding_id, way.source, way.source_id, way.state) for way in one.ways
                    } >= ways


def agree_on_filters(town: Town, as_if: AsIf, app: UUID, limit: int) -> None:
    wanted = Wanted(application_id=app, scope=SCOPES[0])
    found = listed(town, as_if, wanted, limit)
    for source in ("direct", "group", "service-account", "plan"):
        narrowed = listed(town, as_if, wanted, limit, source=source)
        assert set(narrowed) == {
            key for key, one in found.items() if source in {way.source for way in one.ways}
        }
    for state in ("active", "pending_step_up", "suspended"):
        narrowed = listed(town, as_if, wanted, limit, state=state)
        assert set(narrowed) == {key for key, one in found.items() if one.state == state}


def agree_on_power(town: Town, as_if: AsIf, told: dict[object, Explanation], limit: int) -> None:
    for permission in (*PERMISSIONS, "org:read"):
        found = listed(town, as_if, Wanted(permission=permission), limit)
        has = {key for key, one in found.items() if one.state == "active"}
        assert has == {key for key, answer in told.items() if permission in answer.effective_console}


def live_in(pick: Random) -> None:
    with app_context():
        town = draw_town(pick)
        write(town)
        with tenant_context(town.id):
            for _ in range(2):
                question = draw_question(pick, town)
                as_if = AsIf(question.at, question.mfa_at, question.ip)
                told, limit = everybody(town, as_if), pick.choice([1, 2, 50])
                agree_on_scopes(town, as_if, told, limit)
                agree_on_filters(town, as_if, pick.choice(list(town.apps)), limit)
                agree_on_power(town, as_if, told, limit)
        transaction.set_rollback(True)


@settings(WORLDS, max_examples=8)
@given(st.randoms(use_true_random=False))
def test_the_reverse_names_exactly_whom_the_one_function_gives_it(pick: Random) -> None:
    live_in(pick)


@pytest.mark.long
@settings(WORLDS, max_examples=150)
@given(st.randoms(use_true_random=False))
def test_the_reverse_agrees_on_many_worlds(pick: Random) -> None:
    live_in(pick)
