"""Nobody gives more than they hold (Rule 7): no sequence of verbs lets anybody, or their accomplices, gain power."""

from random import Random

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from authsec.database.context import app_context
from authz import bindings, group_members, receivers, roles, service_accounts
from oauth.clients import approvals
from tests.authz import conspiracy
from tests.authz.conspiracy import ATTEMPTS, Conspiracy, Power
from tests.authz.test_effective_worlds import WORLDS

pytestmark = pytest.mark.django_db

TRIES = 14


def gained(pick: Random) -> tuple[Power, list[str]]:
    """What a conspiracy holds in the end that nobody of it held at first, and what it did."""
    with app_context():
        plot = Conspiracy(pick)
        for _ in range(TRIES):
            plot.try_something()
        power = plot.power()
        transaction.set_rollback(True)
    return {
        (name, place) for name, place in power if not {(name, None), (name, place)} & plot.first
    }, plot.done


@settings(WORLDS, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_no_conspiracy_gains_power(pick: Random) -> None:
    more, done = gained(pick)
    assert not more, done


@pytest.mark.long
@settings(WORLDS, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_no_conspiracy_gains_power_in_many_tenants(pick: Random) -> None:
    more, done = gained(pick)
    assert not more, done


@pytest.mark.slow
def test_every_verb_goes_through_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is about verbs that do something: those that did nothing yet are tried again, by others."""
    left = list(ATTEMPTS)
    for seed in range(200):
        monkeypatch.setattr(conspiracy, "ATTEMPTS", left)
        done = gained(Random(seed))[1]
        left = [attempt for attempt in left if attempt.__name__ not in done]
        if not left:
            break
    assert left == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unguarded", "verbs"),
    [
        (bindings, [conspiracy.binds]),
        (group_members, [conspiracy.fills_a_group]),
        *(
            pytest.param(*forgetful, marks=pytest.mark.long)
            for forgetful in (
                (roles, [conspiracy.edits_a_role]),
                (service_accounts, [conspiracy.names_an_operator]),
                (approvals, [conspiracy.rotates_a_secret]),
                (receivers, [conspiracy.reactivates, conspiracy.adds_a_member]),
            )
        ),
    ],
)
def test_the_proof_finds_a_verb_that_forgets_to_ask(
    unguarded: object, verbs: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conspiracy, "ATTEMPTS", verbs)
    monkeypatch.setattr(unguarded, "forbid_escalation", lambda **_: None)
    assert any(gained(Random(seed))[0] for seed in range(60))
