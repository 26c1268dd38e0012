"""Power that ends at the very moment at which a client fetches or renews its tokens: none outlives the end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations as endusers
from oauth import consent, suspension
from oauth.clients import approvals
from oauth.models import Consent
from tests.oauth.world import World, public_client, world

pytestmark = [pytest.mark.long]
Moment = dict[str, Any]
Fetch = Callable[[], Any]
STAGGERED_S = (0.0, 0.01, 0.03, 0.06)  # how much later the client comes


def withdraw(it: World, moment: Moment, user_id: str) -> None:
    given = Consent.objects.get(tenant=it.tenant, user_id=user_id)
    consent.withdraw(consent_id=given.pk, **moment)


ENDS: dict[str, Callable[[World, Moment, str], Any]] = {
    "suspended": lambda it, moment, user: endusers.suspend(user_id=user, reason="leaked key", **moment),
    "tokens revoked": lambda it, moment, user: suspension.revoke_tokens(user_id=user, **moment),
    "client denied": lambda it, moment, user: approvals.deny(client_id=it.client.pk, **moment),
    "consent withdrawn": withdraw,
}


def exchange(it: World, browser: Any) -> Fetch:
    """RFC 6749 §4.1.3."""
    code, verifier = it.consent(browser)
    return lambda: it.exchange(code, verifier)


def refresh(it: World, browser: Any) -> Fetch:
    """RFC 6749 §6."""
    token = it.tokens(browser)["refresh_token"]
    return lambda: it.refresh(token)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each returned, all begun together over connections of their own."""
    ready = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            ready.wait(10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("begin", [exchange, refresh])
def test_no_token_outlives_what_ends_it_at_that_moment(
    own_database: None, begin: Callable[[World, Any], Fetch]
) -> None:
    """Rule 3, RFC 7009 §2.1: whoever of the two is first, nothing works when both are done."""
    it = world()
    won = 0
    for name, end in ENDS.items():
        for late_s in STAGGERED_S:
            it.client = public_client()
            browser = it.signed_in(f"{name.replace(' ', '.')}.{late_s}@races.example")
            user = it.facts(it.tokens(browser)["access_token"])["sub"]
            fetch = begin(it, browser)

            def ending(end: Any = end, user: str = user) -> None:
                with tenant_context(it.tenant.id):
                    end(it, {"tenant_id": it.tenant.id, "actor": SYSTEM, "now": timezone.now()}, user)

            def fetching(fetch: Fetch = fetch, late_s: float = late_s) -> Any:
                time.sleep(late_s)
                return fetch()

            answer, _ = at_once(fetching, ending)
            told = answer.json()
            if answer.status_code == 200:
                won += 1
                assert it.facts(told["access_token"]) == {"active": False}, (name, late_s)
                answer = it.refresh(told["refresh_token"])
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), (name, late_s)
    assert won, "the client was never first: nothing was raced"
