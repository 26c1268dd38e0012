"""What happens to a person's own rows at one moment: a token beside a withdrawal, a consent beside a deletion."""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import app_context, tenant_context
from authsec.database.fields import uuid7
from authz.models import Application
from endusers.bulk.verbs import Run
from oauth import bulk, consent, suspension
from oauth.account import departure
from oauth.clients import creation as clients
from oauth.models import Consent
from tenants.models import Identity
from tests import cast
from tests.oauth.world import ED, REDIRECT_URI, World, redirected, world
from tests.rivals import waiting
from tests.servers import eventually

PATIENCE_S = 30


def beside(does: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start something on a connection of its own; its answer appears in the list."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(does())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answers


def waits_for_a_lock() -> bool:
    return waiting() > 0


def test_a_consent_that_is_being_withdrawn_holds_up_no_token(own_database: None) -> None:
    """The token's statement passes the consent's row by: else each would wait for the other's rows."""
    it = world()
    given = it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        Consent.objects.select_for_update().get()
        thread, answers = beside(lambda: it.refresh(given["refresh_token"]).status_code)
        thread.join(timeout=PATIENCE_S)
    assert answers == [200]


def end_one(it: World, user: str, now: datetime) -> int:
    """Every token of one person."""
    with tenant_context(it.tenant.id):
        return suspension.revoke_tokens(tenant_id=it.tenant.id, user_id=UUID(user), actor=SYSTEM, now=now)


def end_many(it: World, user: str, now: datetime) -> int:
    """The same by a bulk job."""
    with tenant_context(it.tenant.id):
        bulk.revoke_tokens(Run(it.tenant.id, uuid7(), SYSTEM, now), [UUID(user)])
        event = Event.objects.filter(tenant=it.tenant, action="tokens.revoked").first()
        return int(event.after["tokens"]) if event else 0


ENDS = pytest.mark.parametrize("end", [end_one, end_many])


@ENDS
@pytest.mark.parametrize("fetched_by", ["code", "refresh", "refresh that slides"])
def test_what_ends_all_tokens_waits_for_the_ones_that_are_being_given(
    own_database: None, fetched_by: str, end: Callable[[World, str, datetime], int]
) -> None:
    """Rule 3, RFC 7009 §2.1: tokens that are not committed yet are seen by nobody, and must die all the same."""
    it = world()
    browser = it.signed_in(ED)
    secret: dict[str, str | None] = {}
    if fetched_by == "refresh that slides":
        registration = clients.read_registration(
            {
                "client_name": "Server",
                "redirect_uris": [REDIRECT_URI],
                "grant_types": ["authorization_code", "refresh_token"],
            }
        )
        it.client, value = clients.register_public(registration, now=timezone.now())
        secret = {"client_secret": value}
    first, proof = it.consent(browser)
    given = it.exchange(first, proof, **secret).json()
    user = it.facts(given["access_token"])["sub"]
    code, verifier = it.consent(browser)

    def fetch() -> Any:
        return (
            it.exchange(code, verifier)
            if fetched_by == "code"
            else it.refresh(given["refresh_token"], **secret)
        )

    with tenant_context(it.tenant.id):
        Application.objects.select_for_update().get(pk=it.application.pk)  # what a new token refers to
        fetching, answers = beside(fetch)
        eventually(lambda: waiting() == 1, what="the client, its code or token claimed")
        ending, died = beside(lambda: end(it, user, timezone.now()))
        eventually(lambda: waiting() == 2, what="the end")
    for thread in (fetching, ending):
        thread.join(timeout=PATIENCE_S)
    got = answers[0].json()
    assert answers[0].status_code == 200
    assert died == [{"code": 4, "refresh": 3, "refresh that slides": 3}[fetched_by]]
    for token in (given["access_token"], got["access_token"]):
        assert it.facts(token) == {"active": False}
    for token in {given["refresh_token"], got.get("refresh_token", given["refresh_token"])}:
        assert it.refresh(token, **secret).json()["error"] == "invalid_grant"
    assert it.exchange(code, verifier, **secret).json()["error"] == "invalid_grant"


@ENDS
def test_a_request_whose_clock_is_behind_gets_nothing_for_a_code_that_was_ended(
    own_database: None, end: Callable[[World, str, datetime], int]
) -> None:
    """It read the time before the end did, or on another node: what ends a code is no moment to compare with."""
    it = world()
    browser = it.signed_in(ED)
    user = it.facts(it.tokens(browser)["access_token"])["sub"]
    code, verifier = it.consent(browser)
    end(it, user, timezone.now() + timedelta(seconds=20))
    assert it.exchange(code, verifier).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_consent_withdrawn_this_moment_does_not_begin_anew_unasked(
    own_database: None, prompt: str | None
) -> None:
    """Whoever once said yes is not asked again; a request that comes while that ends must not bring it back."""
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    with tenant_context(it.tenant.id):
        given = Consent.objects.get()
        consent.withdraw(tenant_id=it.tenant.id, consent_id=given.pk, actor=SYSTEM, now=timezone.now())
        thread, answers = beside(lambda: browser.get(it.query(scope="read", prompt=prompt)[0]))
        eventually(lambda: waits_for_a_lock() or answers)
    thread.join(timeout=PATIENCE_S)
    if prompt:
        assert redirected(answers[0])["error"] == "consent_required"
    else:
        assert answers[0].status_code == 200, "the person is asked"
    with tenant_context(it.tenant.id):
        assert [one.withdrawn_at is None for one in Consent.objects.all()] == [False]


def test_a_consent_beside_the_deletion_of_its_identity_gives_nothing(own_database: None) -> None:
    """A first consent, so that the tenant does not know the person yet: it waits for the identity's row."""
    it = world()
    browser, identity = it.signed_in(ED), cast.person(ED)
    url, _verifier = it.query()
    page = browser.get(url).content.decode()
    form = {"action": "allow", "scopes": ["read"]} | _hidden(page)
    with app_context():
        departure.delete_identity(identity_id=identity.pk, actor=SYSTEM, now=timezone.now())
        thread, answers = beside(lambda: browser.post(url, form).status_code)
        eventually(lambda: waits_for_a_lock() or answers)
    thread.join(timeout=PATIENCE_S)
    assert answers
    assert answers[0] in (302, 403)
    with tenant_context(it.tenant.id):
        assert not Consent.objects.exists()
    assert not Identity.objects.filter(email=ED).exists()


def test_two_deletions_at_one_moment_are_one(own_database: None) -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    identity = cast.person(ED)

    def delete() -> str:
        with app_context():
            departure.delete_identity(identity_id=identity.pk, actor=SYSTEM, now=timezone.now())
        return "done"

    rivals = [beside(delete) for _ in range(4)]
    for thread, _ in rivals:
        thread.join(timeout=PATIENCE_S)
    assert [answers for _, answers in rivals] == [["done"]] * 4
    with tenant_context(it.tenant.id):
        assert Event.objects.filter(action="identity.deleted").count() == 1


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
