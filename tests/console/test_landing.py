"""Where people land: the front door, the tenant's front page, the first steps."""

import pytest
from django.test import Client

from authsec.database.context import tenant_context
from tenants.models import Membership
from tenants.queries import memberships_of
from tests import cast

pytestmark = pytest.mark.django_db


def test_the_front_door_asks_to_sign_in():
    assert Client().get("/").headers["Location"].startswith("/accounts/login/")


def test_a_first_visit_opens_a_tenant_once_and_shows_the_first_steps():
    maja = cast.person("maja.vukovic@example.test")
    browser = cast.signed_in(maja)
    first = browser.get("/", follow=True)
    assert "Protect your first Application" in first.text
    browser.get("/")
    (card,) = memberships_of(maja.id)
    assert (card.type, card.personal) == ("owner", True)
    assert first.redirect_chain[-1] == (f"/t/{card.slug}/start/", 302)


def test_an_unverified_person_is_sent_to_their_account():
    maja = cast.person("maja@example.test", verified=False)
    assert cast.signed_in(maja).get("/").headers["Location"] == "/account/tenants/"


def test_the_other_doors_open_no_tenant():
    maja = cast.person("maja@example.test")
    browser = cast.signed_in(maja)
    for path in ("/account/", "/account/tenants/", "/oauth/authorize"):
        browser.get(path)
    assert memberships_of(maja.id) == []


def test_the_front_door_leads_to_the_tenant_of_the_last_visit():
    for slug in ("one", "two", "three"):
        cast.application(cast.open_tenant(slug), f"{slug}-mcp")
    browser = cast.signed_in(cast.person("olga@acme.example"))
    browser.get("/t/two/")
    assert browser.get("/").headers["Location"] == "/t/two/"


def test_the_front_page_is_what_the_member_may_open():
    acme = cast.open_tenant()
    cast.application(acme, "github-mcp")
    alice = cast.member(acme, "alice@acme.example")
    assert cast.signed_in(alice).get("/t/acme-corp/").headers["Location"] == "/t/acme-corp/end-users/"
    carl = cast.member(acme, "carl@jensen.example", "contractor")
    answer = cast.signed_in(carl).get("/t/acme-corp/")
    assert answer.headers.get("Location", "") != "/t/acme-corp/end-users/"
    with tenant_context(acme.id):
        assert Membership.objects.get(user=alice).last_seen_at is not None


def test_the_first_steps_follow_what_is_there():
    acme = cast.open_tenant()
    olga = cast.signed_in(cast.owner_of(acme))
    assert olga.get("/t/acme-corp/").headers["Location"] == "/t/acme-corp/start/"
    assert "0 of 5" in olga.get("/t/acme-corp/start/").text
    cast.application(acme, "github-mcp", ["pr:read"])
    page = olga.get("/t/acme-corp/start/")
    assert "2 of 5" in page.text
    assert page.context["current"].title == "Connect an AI client"
