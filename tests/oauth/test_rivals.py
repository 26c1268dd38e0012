"""Where threads and connections matter: introspection ahead of Django, and rivals for one refresh token or code."""

import base64
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from authsec import wsgi
from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from authsec.console import feed
from authsec.database.context import tenant_context
from endusers.models import EndUser, EndUserTier
from oauth import families, introspection, verification
from oauth.models import Consent, IntrospectionCount, RefreshToken
from oauth.proof import Evidence, judge
from tenants import operations as tenants
from tenants.models import TenantUser
from tests import cast
from tests.authz.cast import world as a_world
from tests.oauth import devices
from tests.oauth.assertions import ask, assertion, robot
from tests.oauth.world import boxes, question, world
from tests.rivals import waiting
from tests.servers import eventually

ED = "ed@consumer.example"
RIVALS = 8


def call(body: bytes, **environ: str) -> tuple[str, dict[str, str], bytes]:
    """One request through the WSGI entry."""
    seen: list[Any] = []
    answer = wsgi.application(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/oauth/introspect",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **environ,
        },
        lambda status, headers: seen.extend([status, dict(headers)]),
    )
    return seen[0], seen[1], b"".join(answer)


def test_the_wsgi_entry_answers_on_its_own_connection_and_survives_losing_it(own_database: None) -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    header = "Basic " + base64.b64encode(":".join(it.credential).encode()).decode()
    body = urlencode({"token": token}).encode()
    try:
        status, headers, answer = call(body, HTTP_AUTHORIZATION=header)
        assert status == "200 OK"
        assert json.loads(answer)["active"] is True
        assert headers["X-Content-Type-Options"] == "nosniff"
        pid = introspection._local.connection.info.backend_pid
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", [pid])
        assert json.loads(call(body, HTTP_AUTHORIZATION=header)[2])["active"] is True
        assert call(body)[0].startswith("401")
        assert call(b"token=x", HTTP_AUTHORIZATION=header)[2] == b'{"active": false}'
    finally:
        # Threads of a serving process, which would look for this database when it is gone. And a feed that lived on
        # would decide other tests' API calls by what their tokens claim: it never hears what is not committed.
        introspection.counters.stop()
        if heard := feed.use(None):
            heard.stop(wait_s=5)
        introspection._local.connection.close()
    with tenant_context(it.tenant.id):
        counted = IntrospectionCount.objects.values_list("active", "reason", "number")
        assert set(counted) == {(True, "", 2), (False, "unknown", 1)}


def rivals(ask: Callable[[], Any], number: int = RIVALS) -> list[Any]:
    """The answers of so many threads that ask at one moment."""
    ready = Barrier(number)

    def run(_: int) -> Any:
        try:
            ready.wait(60)
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_of_rivals_for_one_refresh_token_one_gets_tokens_and_nobody_an_empty_one(own_database: None) -> None:
    it = world()
    first = it.tokens(it.signed_in(ED))
    answers = rivals(lambda: it.refresh(first["refresh_token"]))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RIVALS - 1)
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert winner["access_token"].startswith("as_at_")
    assert winner["refresh_token"].startswith("as_rt_")
    # The others reused a rotated token: the family ends (RFC 9700 §4.14.2).
    assert it.facts(winner["access_token"]) == {"active": False}
    access, live, _ = it.count()
    assert (access, live) == (0, 0)


def test_of_rivals_for_one_code_one_wins_and_the_replays_revoke(own_database: None) -> None:
    it = world()
    code, verifier = it.consent(it.signed_in(ED))
    answers = rivals(lambda: it.exchange(code, verifier))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RIVALS - 1)
    assert it.count()[:2] == (0, 0)


def test_of_rivals_with_one_assertion_one_is_let_in(own_database: None) -> None:
    """RFC 7523 §3, rule 7: over connections of their own, each waiting for who came first."""
    it = world()
    client, _ = robot(it)
    proof = assertion(client.client_id)
    answers = rivals(lambda: ask(it, proof))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (RIVALS - 1)


def test_of_polls_with_one_device_code_one_gets_tokens_and_they_stay_good(own_database: None) -> None:
    """RFC 8628 §3.5: nobody gets an empty token, and a poll that was sent twice takes nothing away."""
    it = devices.device_world()
    code, typed = devices.begun(it)
    devices.answer(it.signed_in(ED), typed)
    answers = rivals(lambda: devices.poll(it, code))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RIVALS - 1)
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert it.facts(winner["access_token"])["active"] is True
    assert it.count()[:2] == (1, 1)


def test_of_rivals_who_answer_one_device_one_counts(own_database: None) -> None:
    """RFC 8628 §3.3: an allow and a deny at one moment, and only one of them is told so."""
    it = devices.device_world()
    code, typed = devices.begun(it)
    browsers = [it.signed_in(f"rival{n}@consumer.example") for n in range(RIVALS)]
    forms = [(browser, browser.get(devices.page_of(typed))) for browser in browsers]

    def press() -> int:
        browser, page = forms.pop()
        form = {"action": "allow", "question": question(page), "scopes": boxes(page)}
        return browser.post(devices.page_of(typed), form).status_code

    statuses = rivals(press)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 404, 409}
    assert devices.poll(it, code).status_code == 200
    with tenant_context(it.tenant.id):
        assert Consent.objects.count() == 1


@pytest.mark.parametrize("number", [RIVALS, pytest.param(50, marks=pytest.mark.long)])
def test_rivals_at_the_consent_page_write_one_of_everything(own_database: None, number: int) -> None:
    it = world()
    browsers = [it.signed_in(ED) for _ in range(number)]
    url, _ = it.query(scope="read write")

    def allow() -> int:
        return it.answer(browsers.pop(), url, scopes=["read", "write"]).status_code

    assert rivals(allow, number) == [303] * number
    with tenant_context(it.tenant.id):
        assert Consent.objects.count() == 1
        assert EndUser.objects.count() == 1
        assert EndUserTier.objects.count() == 1
        assert TenantUser.objects.filter(identity__email=ED).count() == 1
        assert Event.objects.filter(action="end_user.appeared").count() == 1


def test_a_consent_and_a_change_of_the_same_person_do_not_wait_for_each_other_in_a_circle(
    own_database: None,
) -> None:
    it = world()
    ed, browser = cast.person(ED), it.signed_in(ED)

    def know() -> None:
        tenants.ensure_user(tenant_id=it.tenant.id, identity=ed, now=timezone.now())

    with tenant_context(it.tenant.id):
        know()  # a person of the tenant, who is neither member nor end user yet

    def consent() -> Any:
        try:
            return it.consent(browser)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_context(
            it.tenant.id
        ):  # as the verbs of members do: the tenant's row first, then the person's
            tenants.take_turns(it.tenant.id)
            asked = pool.submit(consent)
            eventually(waiting, what="the consent waiting for its turn")
            know()
        code, _ = asked.result(30)
    assert code


def test_ending_a_session_waits_for_a_refresh_under_way_and_ends_what_it_gave(own_database: None) -> None:
    it = world()
    refresh_token = it.tokens(it.signed_in(ED))["refresh_token"]
    user, owner = cast.user_of(it.tenant, ED), cast.owner_of(it.tenant)
    who = Actor("member", owner.pk, "Olga")
    with tenant_context(it.tenant.id):
        row = RefreshToken.objects.get()

    def end() -> int:
        try:
            with tenant_context(it.tenant.id):
                return families.revoke_one(
                    tenant_id=it.tenant.id, user_id=user.pk, token_id=row.pk, actor=who, now=timezone.now()
                )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_context(it.tenant.id):
            RefreshToken.objects.select_for_update().get(pk=row.pk)
            answer = pool.submit(end)
            eventually(waiting, what="the end waiting for the refresh")
            fresh = it.refresh(refresh_token).json()
        assert answer.result(30) > 0
    assert it.facts(fresh["access_token"]) == {"active": False}
    assert it.refresh(fresh["refresh_token"]).status_code == 400


def test_of_rivals_for_one_address_one_is_verified(own_database: None) -> None:
    owners = [a_world(f"claims-{number}") for number in range(RIVALS)]
    uri = "https://mcp.rivals.example/mcp"
    claims = iter([owner.application("mcp", resource_uri=uri) for owner in owners])
    evidence = Evidence(uri, document={"resource": uri, "authorization_servers": [settings.ISSUER]})

    def settle() -> bool:
        it = next(claims)
        finding = judge(evidence, it.pk)
        return verification._settle(it, finding, evidence, SYSTEM, timezone.now()).verified_at is not None

    assert sorted(rivals(settle)) == [False] * (RIVALS - 1) + [True]
