"""A person's own connections: what each may do now, when it was used, and that taking it back counts at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.installation import in_words, latest_of
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authz.models import Binding, Scope
from oauth.account import connections as own_connections
from oauth.account.connections import OwnConnection
from oauth.models import Client, Consent, RefreshToken
from tests import cast
from tests.oauth.world import ED, World, world
from tests.statements import statements

pytestmark = pytest.mark.django_db
PAGE = "/account/connections/"


def rows(email: str = ED, **chosen: Any) -> list[OwnConnection]:
    return list(own_connections.page_of(cast.person(email).pk, now=timezone.now(), **chosen).items)


def html(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def many(it: World, number: int, email: str = ED) -> None:
    """So many more connections of one person, one client each."""
    user, now = cast.user_of(it.tenant, email), timezone.now()
    for place in range(number):
        with system_context():
            client = Client.objects.create(
                name=f"Client {place:03}",
                client_id=f"client-{place}",
                client_type=Client.CLIENT_PUBLIC,
                authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
                redirect_uris="http://127.0.0.1/callback",
            )
        with tenant_context(it.tenant.id):
            Consent.objects.create(
                tenant=it.tenant,
                user=user,
                client=client,
                application=it.application,
                scopes=["read"],
                created_at=now - timedelta(minutes=place + 1),
            )


def api_token(it: World, browser: Any) -> dict[str, Any]:
    """The tokens of authsec-cli, a client of the installation that may ask for the management API."""
    with system_context():
        Client.objects.create(
            name="authsec-cli",
            client_id="test-cli",
            client_type=Client.CLIENT_PUBLIC,
            authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
            redirect_uris="http://127.0.0.1:7/callback",
            grant_types=["authorization_code", "refresh_token"],
            api_access=True,
        )
    code, verifier = it.consent(
        browser, client_id="test-cli", resource="http://localhost:8000/api", scope="api:read"
    )
    answer = it.exchange(code, verifier, client_id="test-cli", resource="http://localhost:8000/api")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_what_a_client_learns_of_a_person_is_theirs_to_give_and_never_gone() -> None:  # Core §5.4
    it = world()
    it.tokens(it.signed_in(ED), scope="openid email read")
    row = rows()[0]
    assert {each.name: each.state for each in row.allowances} == dict.fromkeys(
        ("email", "openid", "read"), "active"
    )
    assert row.given == 3
    page = html(it.signed_in(ED).get(PAGE))
    assert "See your e-mail address" in page
    assert "has it no longer" not in page


def test_a_connection_says_in_words_what_it_may_do_and_when_it_was_used() -> None:
    it = world()
    browser = it.signed_in(ED)
    with tenant_context(it.tenant.id):
        Scope.objects.filter(name="read").update(description="Read deployments", risk="high")
    it.tokens(browser)
    (row,) = rows()
    assert [(each.name, each.state) for each in row.allowances] == [("read", "active")]
    assert row.last_used_at is not None
    assert row.tokens == 2
    page = html(browser.get(PAGE))
    for words in (
        "Claude Code",
        it.application.name,
        it.tenant.name,
        "Read deployments",
        'class="risk high"',
    ):
        assert words in page, words


def test_a_connection_is_used_when_a_token_is_fetched() -> None:
    it = world()
    given = it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        Consent.objects.update(last_used_at=timezone.now() - timedelta(days=3))
    it.refresh(given["refresh_token"])
    (row,) = rows()
    assert row.last_used_at is not None
    assert timezone.now() - row.last_used_at < timedelta(minutes=1)


def test_what_was_allowed_and_is_given_no_longer_is_shown_as_such() -> None:
    it = world()
    browser = it.signed_in(ED)
    it.tokens(browser, scope="read write")
    with tenant_context(it.tenant.id):
        Scope.objects.filter(name="write").update(ended_at=timezone.now())
        Binding.objects.update(ended_at=timezone.now())
    (row,) = rows()
    assert {each.name: each.state for each in row.allowances} == {"read": "not_entitled", "write": "gone"}
    assert "gives it to you no longer" in html(browser.get(PAGE))


def test_a_suspended_person_reads_why_nothing_works() -> None:
    from endusers import operations as endusers

    it = world()
    browser = it.signed_in(ED)
    it.tokens(browser)
    with tenant_context(it.tenant.id):
        endusers.suspend(
            tenant_id=it.tenant.id,
            user_id=cast.user_of(it.tenant, ED).pk,
            reason="words for operators alone",
            actor=cast.SYSTEM,
            now=timezone.now(),
        )
    page = html(browser.get(PAGE))
    assert "You are suspended at" in page
    assert "words for operators" not in page


def test_the_page_is_read_in_one_statement_however_many_there_are() -> None:
    it = world()
    many(it, 3)
    with statements() as few:
        rows()
    many_more = 60
    with system_context():
        Consent.objects.all().delete()
        Client.objects.filter(client_id__startswith="client-").delete()
    many(it, many_more)
    with statements() as lots:
        found = own_connections.page_of(cast.person(ED).pk, now=timezone.now())
    assert len(few) - 1 == len(lots) - 1 == 1  # beside the person's own look-up
    assert (len(found.items), found.count.value) == (25, many_more)


def test_pages_go_forth_and_back_without_skipping_or_repeating() -> None:
    it = world()
    many(it, 60)
    browser, seen = it.signed_in(ED), []
    page = own_connections.page_of(cast.person(ED).pk, now=timezone.now())
    first = [row.client.name for row in page.items]
    while True:
        seen += [row.client.name for row in page.items]
        if page.next is None:
            break
        page = own_connections.page_of(cast.person(ED).pk, now=timezone.now(), cursor=page.next)
    assert seen == [f"Client {place:03}" for place in range(60)]
    while page.previous:
        page = own_connections.page_of(cast.person(ED).pk, now=timezone.now(), cursor=page.previous)
    assert [row.client.name for row in page.items] == first
    for cursor in ("nonsense", "%00", page.next or ""):
        assert browser.get(f"{PAGE}?past&cursor={cursor}").status_code == 400


def test_many_can_be_searched_and_a_search_takes_no_pattern() -> None:
    it = world()
    many(it, 12)
    browser = it.signed_in(ED)
    page = html(browser.get(f"{PAGE}?q=client 007"))
    assert "Client 007" in page
    assert "Client 008" not in page
    assert "Nothing of that name" in html(browser.get(f"{PAGE}?q=%25"))
    assert browser.get(f"{PAGE}?q=%00").status_code == 200


def test_disconnecting_asks_first_and_then_kills_live_tokens_at_once() -> None:
    it = world()
    browser = it.signed_in(ED)
    token = it.tokens(browser)["access_token"]
    (row,) = rows()
    url = f"{PAGE}{row.consent_id}/withdraw/"
    asked = html(browser.get(url))
    assert "tokens stop working now" in asked
    assert it.facts(token)["active"]
    assert browser.post(url)["Location"] == PAGE
    assert it.facts(token) == {"active": False}
    assert rows() == []
    (ended,) = rows(live=False)
    assert ended.by_oneself
    assert "you ended it" in html(browser.get(f"{PAGE}?past"))
    with tenant_context(it.tenant.id):
        event = Event.objects.get(action="consent.withdrawn")
    assert (event.actor_kind, event.actor_name) == ("end_user", cast.person(ED).get_full_name())


def test_nobody_sees_or_ends_somebody_elses() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    (row,) = rows()
    stranger = it.signed_in("flo@consumer.example")
    assert rows("flo@consumer.example") == []
    for url in (f"{PAGE}{row.consent_id}/withdraw/", f"{PAGE}clients/{it.client.pk}/withdraw/"):
        assert stranger.get(url).status_code == 404
        assert stranger.post(url).status_code in (302, 404)
    assert it.facts(token)["active"]


def test_all_of_one_client_ends_in_every_tenant_and_at_the_management_api() -> None:
    it = world()
    browser = it.signed_in(ED)
    given = api_token(it, browser)
    (held,) = own_connections.api_connections(cast.person(ED).pk, now=timezone.now())
    assert (held.client.name, held.scopes) == ("authsec-cli", ("api:read",))
    page = html(browser.get(PAGE))
    assert "AuthSec’s own API" in page
    assert "Read your organizations" in page
    other = cast.open_tenant("globex", "gil@globex.example")
    application = cast.application(other, "globex-mcp", ["read"])
    for tenant, target in ((other, application), (it.tenant, it.application)):
        user = cast.user_of(tenant, ED)
        with tenant_context(tenant.id):
            Consent.objects.create(
                tenant=tenant, user=user, client_id=held.client.id, application=target, scopes=["read"]
            )
    url = f"{PAGE}clients/{held.client.id}/withdraw/"
    asked = html(browser.get(url))
    assert "globex-mcp" in asked
    browser.post(url)
    assert rows() == []
    assert own_connections.api_connections(cast.person(ED).pk, now=timezone.now()) == []
    told = [
        in_words(event).sentence for event in latest_of(cast.person(ED).pk, limit=2)
    ]  # no tenant's log does
    assert told == [
        "The management API was taken from authsec-cli",
        "authsec-cli was allowed to use the management API: api:read",
    ]
    assert it.refresh(given["refresh_token"], client_id="test-cli").json()["error"] == "invalid_grant"
    with system_context():
        assert not RefreshToken.objects.filter(revoked=None, tenant=None).exists()
