"""What *what if* says is what then happens: in random worlds, for every kind of change, read by another reader."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz.console import powers_of
from authz.effective.explanation import explain
from authz.refusals import Refused
from authz.what_if import changes
from endusers.operations import EndUserError
from oauth.what_if.tokens import Tokens, what_if
from tenants.operations import TenantError
from tests.authz.random_worlds import ADDRESSES
from tests.oauth.one_answer import Place
from tests.oauth.random_changes import DRAWS, draw_change
from tests.oauth.test_one_answer import drawn, standing

pytestmark = pytest.mark.django_db
NOT_DONE_TODAY = {"change_member_type"}  # these towns know no types
KINDS_A_WORLD = 10
COUNTING = ("active", "pending_step_up")
REFUSALS = (Refused, PermissionDenied, TenantError, EndUserError)


@dataclass
class Seen:
    """What everybody holds: (subject, Application or None for the whole tenant, name) → active or pending_step_up."""

    held: dict[tuple[UUID, UUID | None, str], str] = field(default_factory=dict)
    tokens: dict[tuple[UUID, str], set[str] | None] = field(default_factory=dict)


def look(place: Place, asked: dict[str, Any], tokens: dict[str, tuple[UUID, UUID]]) -> Seen:
    """By Effective Access, one by one, and by introspection."""
    seen = Seen()
    subjects = [("user", key) for key in place.town.people] + [
        ("service_account", key) for key in place.town.accounts
    ]
    with tenant_context(place.town.id):
        for kind, key in subjects:
            told = explain(tenant_id=place.town.id, subject_kind=kind, subject_id=key, **asked)
            for one in told.applications:
                for row in one.scopes:
                    if row.granted and not one.closed:
                        seen.held[key, one.id, row.name] = row.granted
            power = powers_of(
                tenant_id=place.town.id,
                subject_id=key,
                subject_kind=kind,
                now=asked["at"],
                mfa_at=asked["mfa_at"],
                ip=asked["ip"],
            )
            for one in power.held if power.active else ():
                seen.held[key, one.application_id, f"console {one.permission}"] = "active"
    for token, (subject, application_id) in tokens.items():
        answer = place.introspected(application_id, token)
        seen.tokens[subject, token] = answer and answer.given
    return seen


def foretold(before: Seen, answer: Any) -> dict[tuple[UUID, UUID | None, str], str]:
    """What everybody will hold, by the answer."""
    held = dict(before.held)
    for one in answer.difference.subjects:
        for shift in one.shifts:
            name = f"console {shift.name}" if shift.console else shift.name
            where = (one.subject.id, shift.application_id, name)
            was = shift.before.state if shift.before.state in COUNTING else None
            if not (shift.console and was != "active"):
                assert held.get(where) == was, f"before: {where} {held.get(where)} {shift}"
            if shift.after.state in COUNTING and not (shift.console and shift.after.state != "active"):
                held[where] = shift.after.state
            else:
                held.pop(where, None)
    return held


def touched(before: Seen, after: Seen) -> Tokens:
    """How many live tokens answer otherwise."""
    counted = Tokens()
    for key, was in before.tokens.items():
        now = after.tokens[key]
        if was is not None and now is None:
            counted.stopped += 1
        elif now is not None:
            counted.narrower += bool(was is not None and was - now)
            counted.wider += bool(was is None or now - was)
    return counted


def comes_true(seed: int) -> list[str]:
    """One world, and a change of every kind in it, each taken back. What came of each."""
    pick = Random(f"change {seed}")
    town, askers, _ = drawn(seed)
    with standing(town) as place:
        if not place.town.open:
            return []
        tokens = {}
        for one in askers:
            if one.kind == "user" and one.app in place.credentials:
                browser = place.visitor(one.at(place))
                url, verifier = place.asks(one.app, set(one.requested))
                ticked, _, sealed = place.consent(browser, url)
                if ticked.given:
                    made = place.token(browser, url, verifier, ticked.given, sealed)
                    tokens[made["access_token"]] = (one.subject, one.app)
        now = timezone.now()
        asked = {
            "at": now,
            "mfa_at": pick.choice([None, now - timedelta(minutes=5)]),
            "ip": pick.choice(ADDRESSES),
        }
        before = look(place, asked, tokens)
        came = []
        for kind in pick.sample(sorted(DRAWS), KINDS_A_WORLD):
            change = draw_change(pick, place.town, kind, now)
            if change is not None:
                with transaction.atomic():
                    came.append(happens(place, change, asked, before, tokens, seed))
                    transaction.set_rollback(True)
        return came


def happens(
    place: Place,
    change: changes.Change,
    asked: dict[str, Any],
    before: Seen,
    tokens: dict[str, tuple[UUID, UUID]],
    seed: int,
) -> str:
    """Ask what if, then do it, and compare. Returns: refused, done, or changed, where something came of it."""
    told = {"tenant_id": place.town.id, "actor": SYSTEM, "now": asked["at"]}
    with tenant_context(place.town.id):
        try:
            answer = what_if(change=change, **told, **asked)
            refused = answer.difference.refusal
        except Refused as error:
            refused = str(error)
        if refused:
            with pytest.raises(REFUSALS):
                change.perform(**told)
            return "refused"
        expected = foretold(before, answer)
        change.perform(**told)
    after = look(place, asked, tokens)
    assert after.held == expected, f"world {seed}: {change}"
    real, said = touched(before, after), answer.all_tokens
    assert (said.narrower, said.stopped, said.wider) == (real.narrower, real.stopped, real.wider), (
        f"world {seed}: {change}"
    )
    return "changed" if after != before else "done"


def test_every_kind_of_change_is_drawn() -> None:
    assert set(DRAWS) == set(changes.KINDS) - NOT_DONE_TODAY


def test_what_if_is_what_then_happens() -> None:
    came = [each for seed in range(1, 5) for each in comes_true(seed)]
    assert len(came) >= 20
    assert came.count("changed") >= 2, came


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_what_if_is_what_then_happens_in_many_worlds(block: int) -> None:
    came = [each for seed in range(6 * block, 6 * block + 6) for each in comes_true(seed)]
    assert len(came) >= 20
    assert came.count("changed") >= 2, came
