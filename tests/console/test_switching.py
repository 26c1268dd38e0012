"""Switching between tenants: the switcher, the last tenant, and one person's capacities side by side."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations as endusers
from tenants import operations
from tenants.models import Membership
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
ALEX = "alex@tools.example"


@pytest.fixture
def three():
    """Alex: owner of alex-tools, contractor of acme-corp, end user of data-tools-cloud."""
    tools = cast.open_tenant("alex-tools", ALEX, name="Alex Tools")
    acme = cast.open_tenant("acme-corp", name="Acme Corp")
    cast.member(acme, ALEX, "contractor")
    data = cast.open_tenant("data-tools-cloud", "dana@data.example", name="Data Tools Cloud")
    cast.end_user(data, ALEX)
    return tools, acme, data


def last_seen(tenant, email=ALEX):
    with tenant_context(tenant.id):
        return Membership.objects.get(user=cast.user_of(tenant, email)).last_seen_at


def test_three_capacities_of_one_person_are_three_cards(three):
    page = cast.signed_in(cast.person(ALEX)).get("/account/tenants/")
    assert {(card.slug, card.type) for card in page.context["cards"]} == {
        ("alex-tools", "owner"),
        ("acme-corp", "contractor"),
    }
    assert [card.slug for card in page.context["consumerships"]] == ["data-tools-cloud"]
    assert page.text.count('<li class="capacity') == 3
    for words in ("Owner", "Contractor", "End user"):
        assert f"<b>{words}</b>" in page.text


def test_member_and_end_user_of_the_same_tenant_are_two_cards(three):
    tools, _, _ = three
    cast.end_user(tools, ALEX)
    page = cast.signed_in(cast.person(ALEX)).get("/account/tenants/")
    assert page.text.count("Alex Tools</h3>") == 2


def test_a_card_says_ones_own_status_and_nothing_that_operators_wrote_about_a_consumer(three):
    _, acme, data = three
    now = timezone.now()
    with tenant_context(data.id):
        endusers.suspend(
            tenant_id=data.id,
            user_id=cast.user_of(data, ALEX).pk,
            reason="looks like a bot",
            actor=SYSTEM,
            now=now,
        )
    with tenant_context(acme.id):
        operations.suspend_member(
            tenant_id=acme.id, user_id=cast.user_of(acme, ALEX).pk, reason="on leave", actor=SYSTEM, now=now
        )
    page = cast.signed_in(cast.person(ALEX)).get("/account/tenants/").text
    assert "on leave" in page
    assert "looks like a bot" not in page
    assert 'href="/t/acme-corp/"' not in page
    assert page.count("Suspended") >= 2


def test_nobody_else_is_on_the_page(three):
    page = cast.signed_in(cast.person("dana@data.example")).get("/account/tenants/").text
    assert "Alex" not in page
    assert "acme-corp" not in page


def test_the_page_takes_as_many_statements_for_ten_tenants_as_for_two(three):
    browser = cast.signed_in(cast.person(ALEX))
    counts = []
    for slugs in ((), [f"more-{number}" for number in range(8)]):
        for slug in slugs:
            cast.open_tenant(slug, ALEX)
        browser.get("/account/tenants/")
        with statements() as sent:
            browser.get("/account/tenants/")
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 6


def test_the_switcher_shows_type_and_plan_and_leads_to_each_tenant(three):
    page = cast.signed_in(cast.person(ALEX)).get("/t/alex-tools/start/")
    switcher = page.context["switcher"]
    assert [card.slug for card in switcher.recent + switcher.others] == ["acme-corp"]
    assert 'href="/t/acme-corp/"' in page.text
    assert "Contractor" in page.text
    assert "data-tools-cloud" not in page.text


def test_the_switcher_calls_the_last_visited_tenants_recent(three):
    browser = cast.signed_in(cast.person(ALEX))
    for slug in ("t-one", "t-two", "t-three"):
        cast.open_tenant(slug, ALEX)
    for slug in ("t-two", "acme-corp", "alex-tools"):
        browser.get(f"/t/{slug}/settings/")
    switcher = browser.get("/t/alex-tools/start/").context["switcher"]
    assert [card.slug for card in switcher.recent] == [
        "t-two"
    ]  # a contractor opens no settings: nothing was seen
    assert [card.slug for card in switcher.others] == ["acme-corp", "t-one", "t-three"]


def test_the_last_tenant_is_remembered_across_sessions_and_browsers(three):
    cast.signed_in(cast.person(ALEX)).get("/t/alex-tools/start/")
    laptop = cast.signed_in(cast.person(ALEX))
    laptop.get("/t/acme-corp/applications/")
    telephone = cast.signed_in(cast.person(ALEX))
    assert telephone.get("/").headers["Location"] == "/t/acme-corp/"
    telephone.get("/t/alex-tools/start/")
    assert laptop.get("/").headers["Location"] == "/t/alex-tools/"


def test_who_was_nowhere_yet_lands_in_a_tenant_of_their_own(three):
    assert cast.signed_in(cast.person(ALEX)).get("/").headers["Location"] == "/t/alex-tools/"


def test_a_tenant_that_one_may_not_enter_any_more_is_not_where_one_lands(three):
    _, acme, _ = three
    browser = cast.signed_in(cast.person(ALEX))
    browser.get("/t/acme-corp/applications/")
    with tenant_context(acme.id):
        operations.remove_member(
            tenant_id=acme.id, user_id=cast.user_of(acme, ALEX).pk, actor=SYSTEM, now=timezone.now()
        )
    assert browser.get("/").headers["Location"] == "/t/alex-tools/"


def test_a_visit_is_written_down_once_in_five_minutes(three):
    tools, _, _ = three
    browser, start = cast.signed_in(cast.person(ALEX)), timezone.now()
    with time_machine.travel(start, tick=False):
        browser.get("/t/alex-tools/start/")
        first = last_seen(tools)
    with time_machine.travel(start + timedelta(minutes=4), tick=False):
        browser.get("/t/alex-tools/settings/team/")
        assert last_seen(tools) == first == start
    with time_machine.travel(start + timedelta(minutes=6), tick=False):
        browser.get("/t/alex-tools/settings/team/")
        assert last_seen(tools) == start + timedelta(minutes=6)
