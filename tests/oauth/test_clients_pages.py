"""The Clients workspace: what it finds, says and costs."""

from typing import Any

import pytest

from authsec.database.context import system_context, tenant_context
from oauth.clients import policy as client_policy
from oauth.clients.policy import BadHost, ClientStatus, is_listed, read_host
from oauth.models import Client, ClientApproval, ClientPolicy, Consent
from tests import cast
from tests.oauth.test_console import OWNER, html, operator
from tests.oauth.world import ED, REDIRECT_URI, World, public_client, redirected, world
from tests.statements import statements

pytestmark = pytest.mark.django_db
LIST_STATEMENTS, CLIENT_STATEMENTS = 8, 9  # three of them ask who is there


def meet(it: World, name: str, **more: Any) -> Client:
    client = public_client(name, **more)
    with tenant_context(it.tenant.id):
        ClientApproval.objects.create(tenant=it.tenant, client=client)
    return client


def base(it: World) -> str:
    return f"/t/{it.tenant.slug}/clients/"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Claude.AI", "claude.ai"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[::1]", "localhost"),
        ("127.0.0.1", "localhost"),
        ("cursor:", "cursor:"),
    ],
)
def test_an_allow_list_takes_hosts_wildcards_loopback_and_schemes(typed: str, kept: str) -> None:
    assert read_host(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["*", "*.com", "a.*.com", "https://claude.ai", "claude.ai:443", "-x.example", "javascript:", "http:", ""],
)
def test_an_allow_list_takes_nothing_that_is_wider_than_it_looks(typed: str) -> None:
    with pytest.raises(BadHost):
        read_host(typed)


@pytest.mark.parametrize(
    ("place", "listed"),
    [
        ("claude.ai", True),
        ("evilclaude.ai", False),
        ("a.b.example.com", True),
        ("example.com", False),
        ("evil-example.com", False),
        ("claude.ai:", False),
        ("localhost", False),
    ],
)
def test_a_listed_host_is_that_host_and_a_wildcard_what_is_below(place: str, listed: bool) -> None:
    assert is_listed(place, ["claude.ai", "*.example.com"]) is listed


def test_a_program_that_registers_a_hosts_name_as_its_scheme_is_not_that_host() -> None:
    it = world()
    it.client = public_client(redirect_uris=["claude.ai:/callback"])
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.create(
            tenant=it.tenant, registration_policy="allow_list", allowed_hosts=["claude.ai"]
        )
    assert it.signed_in(ED).get(it.query(redirect_uri="claude.ai:/callback")[0]).status_code == 403


def test_the_list_says_where_a_client_comes_from_and_what_it_is_used_for() -> None:
    it = world()
    it.tokens(it.signed_in(ED), scope="read write")
    page = html(operator(it).get(base(it)))
    for words in ("Claude Code", "Registered itself", "127.0.0.1", "deploy-mcp", "2 scopes"):
        assert words in page
    row = client_policy.of_tenant
    with tenant_context(it.tenant.id):
        said = ClientApproval.objects.get(client=it.client)
        assert said.last_used_at is not None
        assert client_policy.let_in(said, row(it.tenant.id)) == ClientStatus.OPEN


def test_the_lists_statements_do_not_grow_with_its_clients() -> None:
    it = world()
    browser = operator(it)
    for number in range(3):
        meet(it, f"Client {number}")
    html(browser.get(base(it)))  # a session's first request notes that it is used
    with statements() as few:
        html(browser.get(base(it)))
    for number in range(3, 60):
        meet(it, f"Client {number}")
    with statements() as many:
        page = html(browser.get(base(it)))
    assert len(many) == len(few) + 1  # what does not fit on one page is counted
    assert len(many) == LIST_STATEMENTS, many
    assert "cursor=" in page


def test_a_clients_page_costs_the_same_for_everybody() -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    browser = operator(it)
    html(browser.get(f"{base(it)}{it.client.pk}/"))  # a session's first request notes that it is used
    with statements() as few:
        html(browser.get(f"{base(it)}{it.client.pk}/"))
    for number in range(5):
        it.tokens(it.signed_in(f"p{number}@consumer.example"))
    with statements() as many:
        page = html(browser.get(f"{base(it)}{it.client.pk}/"))
    assert len(few) == len(many) == CLIENT_STATEMENTS, many
    assert "<dd>6</dd>" in page
    assert "<dd>12</dd>" in page  # an access and a refresh token each
    assert html(browser.get(f"{base(it)}{it.client.pk}/people/")).count("@consumer.example</span>") == 6


def test_search_and_filters_stand_in_the_address_and_nonsense_is_400() -> None:
    it = world()
    browser = operator(it)
    other = meet(it, "Cursor", redirect_uris=["https://cursor.example/cb"])
    meet(it, "Inspector")
    for query in (
        "q=cursor.exam",
        "q=Curs",
        f"q={other.pk}",
        f"q={other.client_id}",
        "origin=registration&q=CURSOR",
    ):
        page = html(browser.get(f"{base(it)}?{query}"))
        assert "Cursor" in page
        assert "Inspector" not in page
    assert "No client matches" in html(browser.get(f"{base(it)}?origin=document"))
    assert "Origin is" in html(browser.get(f"{base(it)}?origin=document"))
    for query in ("status=evil", "origin=moon", "cursor=%00", "q=%00", f"q={'x' * 300}"):
        assert browser.get(f"{base(it)}?{query}").status_code == 400, query


def test_clients_that_wait_are_counted_first() -> None:
    it = world()
    meet(it, "One")
    meet(it, "Two")
    browser = operator(it)
    form = {"registration_policy": "review", "metadata_policy": "open", "allowed_hosts": ""}
    tried = html(browser.get(f"{base(it)}policy/", form))
    assert "<b>2</b> wait for review" in tried
    browser.post(f"{base(it)}policy/", form)
    page = html(browser.get(base(it)))
    assert "2 clients wait for review" in page
    assert "Waits for review" in html(browser.get(f"{base(it)}?status=pending"))


def test_an_allow_list_without_hosts_is_refused_and_every_wrong_host_named() -> None:
    it = world()
    form = {"registration_policy": "allow_list", "metadata_policy": "open", "allowed_hosts": ""}
    assert operator(it).post(f"{base(it)}policy/", form).status_code == 422
    answer = operator(it).post(f"{base(it)}policy/", form | {"allowed_hosts": "*.com\nhttps://x.example"})
    assert answer.status_code == 422
    assert "*.com" in html(answer)
    assert "leave out scheme" in html(answer)


def test_a_client_made_by_hand_shows_its_secret_once_and_is_disabled_and_removed() -> None:
    it = world()
    browser = operator(it)
    form = {
        "name": "Acme Desk",
        "redirect_uris": REDIRECT_URI,
        "ways": ["browser"],
        "auth_method": "client_secret_basic",
        "applications": [str(it.application.pk)],
    }
    assert (
        browser.post(f"{base(it)}new/", form | {"redirect_uris": "http://evil.example/"}).status_code == 422
    )
    answer = browser.post(f"{base(it)}new/", form)
    assert "as_cs_" in html(answer)
    assert answer["Cache-Control"] == "no-store"
    with system_context():
        it.client = Client.objects.get(name="Acme Desk")
    here = f"{base(it)}{it.client.pk}/"
    assert "as_cs_" not in html(browser.get(here))
    url, _ = it.query(resource=None)  # registered for exactly one Application (RFC 8707 §2)
    assert it.signed_in(ED).get(url).status_code == 200
    assert browser.post(f"{here}disable/", {"reason": "an audit"}).status_code == 302
    assert it.signed_in(ED).get(url).status_code == 403
    assert "Disabled" in html(browser.get(here))
    browser.post(f"{here}reactivate/", {})
    assert it.signed_in(ED).get(url).status_code == 200
    assert "as_cs_" in html(browser.post(f"{here}rotate/", {}))
    browser.post(f"{here}edit/", form | {"name": "Desk", "applications": []})
    assert redirected(it.signed_in(ED).get(url))["error"] == "invalid_target"
    assert browser.post(f"{here}remove/", {}).status_code == 302
    assert it.signed_in(ED).get(url).status_code == 400
    browser.get(base(it))  # shows what was done last
    assert "Desk" not in html(browser.get(base(it)))
    assert "Desk" in html(browser.get(f"{base(it)}?status=removed"))


def test_what_other_tenants_do_with_a_client_stays_theirs() -> None:
    it, there = world(), world("globex")
    there.client = it.client
    there.tokens(there.signed_in(ED))
    with tenant_context(it.tenant.id):
        ClientApproval.objects.create(tenant=it.tenant, client=it.client)
        assert ClientApproval.objects.get(client=it.client).last_used_at is None
        assert not Consent.objects.filter(client=it.client).exists()
    page = html(cast.signed_in(cast.person(OWNER)).get(f"{base(it)}{it.client.pk}/"))
    assert "<dd>0</dd>" in page
    assert "globex" not in page
