"""Power that ends at the very moment at which a client fetches or renews its tokens: none outlives the end.

The moments are not left to chance: one side stops before its first statement, its second and so on, until the other
is through or waits for a lock of the first.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
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
from tests.rivals import waiting
from tests.servers import eventually

pytestmark = [pytest.mark.long]
Moment = dict[str, Any]
Fetch = Callable[[], Any]
PATIENCE_S = 60


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


class Stops:
    """Stops a thread's work before its statement of this number; ``here`` says that it came so far or is over."""

    def __init__(self, number: int, work: Callable[[], Any]) -> None:
        self._left, self._work = number, work
        self.here, self.go_on, self.came_so_far = Event(), Event(), False

    def __call__(self) -> Any:
        try:
            with connection.execute_wrapper(self._before):
                return self._work()
        finally:
            self.here.set()
            connection.close()

    def _before(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.came_so_far = True
            self.here.set()
            assert self.go_on.wait(PATIENCE_S)
        return execute(*statement)


def in_the_middle(
    number: int, stopped: Callable[[], Any], other: Callable[[], Any]
) -> tuple[Any, Any] | None:
    """What both returned: ``other`` ran as far as it could before statement ``number`` of ``stopped``; None beyond."""

    def run() -> Any:
        try:
            return other()
        finally:
            connection.close()

    first = Stops(number, stopped)
    with ThreadPoolExecutor(2) as pool:
        begun = pool.submit(first)
        assert first.here.wait(PATIENCE_S)
        then = pool.submit(run)
        eventually(lambda: then.done() or waiting(), what="the other side's end")
        first.go_on.set()
        both = begun.result(PATIENCE_S), then.result(PATIENCE_S)
    return both if first.came_so_far else None


@pytest.mark.parametrize("begin", [exchange, refresh])
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("stopped", ["the client", "the end"])
def test_no_token_outlives_what_ends_it_at_that_moment(
    own_database: None, begin: Callable[[World, Any], Fetch], name: str, stopped: str
) -> None:
    """Rule 3, RFC 7009 §2.1: whoever of the two is first, nothing works when both are done."""
    it, won, lost = world(), 0, 0
    for number in count(1):
        it.client = public_client()
        browser = it.signed_in(f"{number}@races.example")
        user = it.facts(it.tokens(browser)["access_token"])["sub"]
        fetching = begin(it, browser)

        def ending(user: str = user) -> None:
            with tenant_context(it.tenant.id):
                ENDS[name](it, {"tenant_id": it.tenant.id, "actor": SYSTEM, "now": timezone.now()}, user)

        if stopped == "the client":
            both = in_the_middle(number, fetching, ending)
            answer = both and both[0]
        else:
            both = in_the_middle(number, ending, fetching)
            answer = both and both[1]
        if answer is None:
            break
        told = answer.json()
        if answer.status_code == 200:
            won += 1
            assert it.facts(told["access_token"]) == {"active": False}, number
            answer = it.refresh(told["refresh_token"])
        else:
            lost += 1
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), number
    assert won, "the client was never first: nothing was raced"
    assert lost or stopped == "the end", "the client was always first: nothing was raced"
