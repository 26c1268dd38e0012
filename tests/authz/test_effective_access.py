"""The Effective Access page, as an admin's browser gets it."""

import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations as endusers
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
PAGE = "/t/acme-corp/authz/effective-access/"


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def words(response: object) -> str:
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))  # type: ignore[attr-defined]


def test_the_seeds_three_facts_about_alice(acme: SimpleNamespace, adam: Client) -> None:
    said = words(adam.get(PAGE, {"user": str(acme.alice.id)}))
    assert "Alice can pr:read and pr:write on github-mcp, through engineering." in said
    assert "Alice can deploy:run on deploy-mcp after MFA, through on-call." in said
    assert "read audit logs directly, until" in said


def test_what_somebody_has_for_good_is_not_said_to_end(acme: SimpleNamespace, adam: Client) -> None:
    both = cast.role(acme.tenant, "Inspector", console=["audit:read", "roles:read"])
    member = cast.member(acme.tenant, "mia@acme.example", name="Mia Moss")
    cast.bind(acme.tenant, both, member, expires_at=timezone.now() + timedelta(days=3))
    said = words(adam.get(PAGE, {"user": str(member.pk)}))
    assert re.search(r"\)\s*directly, and can read audit logs directly, until \d+ \w+ \d{4}", said), said[
        :3000
    ]


def test_a_fresh_second_factor_turns_pending_into_active(acme: SimpleNamespace, adam: Client) -> None:
    said = words(adam.get(PAGE, {"user": "alice@acme.example", "mfa": "fresh"}))
    assert "Alice can deploy:run on deploy-mcp, through on-call." in said


@pytest.mark.parametrize("text", ["alice@acme.example", "Alice Moreau", "alice m", "ALICE"])
def test_a_person_is_found_by_address_and_by_part_of_the_name(
    acme: SimpleNamespace, adam: Client, text: str
) -> None:
    assert "Alice can" in words(adam.get(PAGE, {"user": text}))


def test_several_matches_are_offered_to_choose_from(acme: SimpleNamespace, adam: Client) -> None:
    cast.member(acme.tenant, "alicia@acme.example", name="Alicia Moreau")
    page = words(adam.get(PAGE, {"user": "moreau"}))
    assert "Alice Moreau" in page
    assert "Alicia Moreau" in page
    assert "Answered as if" not in page


def test_a_service_account_is_found_by_name(acme: SimpleNamespace, adam: Client) -> None:
    assert "service account of acme-corp" in words(adam.get(PAGE, {"user": "release-bot"}))


def test_a_suspended_person_keeps_bindings_and_stands_nowhere(acme: SimpleNamespace, adam: Client) -> None:
    with tenant_context(acme.id):
        endusers.suspend(
            tenant_id=acme.id, user_id=acme.ed.user_id, reason="leaked key", actor=SYSTEM, now=acme.now
        )
    said = words(adam.get(PAGE, {"user": str(acme.ed.user_id)}))
    assert "Suspended as an end user: leaked key." in said
    assert "removed by standing" in said


def test_what_was_not_asked_for_is_removed_by_requested(acme: SimpleNamespace, adam: Client) -> None:
    said = words(adam.get(PAGE, {"user": "alice@acme.example", "requested": "pr:read openid"}))
    assert "removed by requested; the client did not ask" in said
    assert "Alice can pr:read on github-mcp, through engineering." in said


def test_the_page_sends_at_most_eight_statements(acme: SimpleNamespace, adam: Client) -> None:
    adam.get(PAGE)
    with statements() as sent:
        assert adam.get(PAGE, {"user": "alice@acme.example"}).status_code == 200
    assert len(sent) == 8, sent
    assert sum("effective_grants" in sql for sql in sent) == 1


def test_a_comparison_costs_one_more_reading(acme: SimpleNamespace, adam: Client) -> None:
    adam.get(PAGE)  # the first visit of the day is noted
    with statements() as sent:
        page = words(adam.get(PAGE, {"user": str(acme.alice.id), "compare": "2020-01-01"}))
    assert "Alice can pr:read and pr:write on github-mcp, through engineering." in page
    assert "Had not joined yet" in page
    assert "1 Jan 2020" in page
    assert len(sent) <= 11, sent
    assert sum("effective_grants" in sql for sql in sent) == 2


def test_its_statements_do_not_grow_with_bindings(acme: SimpleNamespace, adam: Client) -> None:
    for number in range(30):
        role = cast.role(acme.tenant, f"Role {number}", ["pr:read"])
        cast.bind(acme.tenant, role, acme.alice, acme.github)
    adam.get(PAGE)  # the first visit of the day is noted
    with statements() as sent:
        adam.get(PAGE, {"user": str(acme.alice.id)})
    assert len(sent) <= 8


def test_ways_beyond_the_first_few_are_one_request_away(acme: SimpleNamespace, adam: Client) -> None:
    for number in range(4):
        role = cast.role(acme.tenant, f"Role {number}", ["pr:read"])
        cast.bind(acme.tenant, role, acme.alice, acme.github)
    page = adam.get(PAGE, {"user": str(acme.alice.id), "mfa": "fresh"}).content.decode()
    [url] = re.findall(r'hx-get="([^"]+ways/[^"]+scope=pr%3Aread[^"]*)"', page)
    assert "3 more ways" in page
    assert "mfa=fresh" in url
    url = unescape(url)
    whole, rest = adam.get(url), adam.get(url, headers={"HX-Request": "true"})
    assert whole.content.decode().count('class="chain"') == 5
    assert rest.content.decode().count('class="chain"') == 3
    assert "<html" not in rest.content.decode()
    assert page.count("Role 3") == 1, "only among the bindings"
    assert "Role 3" in words(rest)
    assert cast.signed_in(acme.carl).get(url).status_code == 403
    assert adam.get(url.replace("pr%3Aread", "none")).status_code == 404
    assert adam.get(f"{PAGE}ways/").status_code == 400


@pytest.mark.parametrize(
    "bad",
    [
        {"ip": "300.1.1.1"},
        {"at": "yesterday"},
        {"mfa": "maybe"},
        {"ip": "\x00"},
        {"at": "9" * 500},
        {"hours": "0"},
        {"compare": "x"},
        {"application": "x"},
        {"requested": "x" * 5000},
        {"asked": "x"},
    ],
)
def test_bad_circumstances_are_answered_beside_their_field(
    acme: SimpleNamespace, adam: Client, bad: dict[str, str]
) -> None:
    assert adam.get(PAGE, {"user": "alice@acme.example"} | bad).status_code == 422


def test_each_condition_is_met_not_met_or_missing_its_context(acme: SimpleNamespace, adam: Client) -> None:
    role = cast.role(acme.tenant, "Reader of deployments", ["deploy:read"])
    cast.bind(acme.tenant, role, acme.alice, acme.deploy, ip_ranges=["203.0.113.0/24"])
    asked = {"user": str(acme.alice.id), "application": str(acme.deploy.pk)}
    unknown = words(adam.get(PAGE, asked))
    assert "asks for an address in 203.0.113.0/24, and no address is given" in unknown
    assert "203.0.113.0/24, missing context" in unknown
    outside = words(adam.get(PAGE, asked | {"ip": "198.51.100.24"}))
    assert "removed by entitled; 198.51.100.24 is outside 203.0.113.0/24" in outside
    assert "203.0.113.0/24, not met" in outside
    inside = words(adam.get(PAGE, asked | {"ip": "203.0.113.9", "mfa": "hours", "hours": "900"}))
    assert (
        "Alice can deploy:read on deploy-mcp directly, and can deploy:run after MFA, through on-call."
        in inside
    )
    assert "The last second factor was 900 h ago; this binding asks for one within 30 days." in inside


def test_the_text_for_a_ticket_says_what_the_page_says(acme: SimpleNamespace, adam: Client) -> None:
    answer = adam.get(f"{PAGE}text/", {"user": str(acme.alice.id), "compare": "2020-01-01"})
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    told = answer.content.decode()
    for line in (
        "Effective access of Alice Moreau in acme-corp",
        "Alice can deploy:run on deploy-mcp after MFA, through on-call.",
        "  deploy:run: after MFA, through on-call",
        "  deploy:read: not granted, removed by entitled; no binding of Alice gives it",
        "No second factor; this binding asks for one within 30 days.",
        "  gained: pr:read on github-mcp, nothing → active.",
    ):
        assert line in told, told
    assert adam.get(f"{PAGE}text/").status_code == 400
    assert adam.get(f"{PAGE}text/", {"user": "Nobody Known"}).status_code == 404
    refused = adam.get(f"{PAGE}text/", {"user": str(acme.alice.id), "ip": "1.2.3"})
    assert (refused.status_code, refused.content[:3]) == (422, b"ip:")
    assert cast.signed_in(acme.carl).get(f"{PAGE}text/", {"user": str(acme.alice.id)}).status_code == 403


@pytest.mark.parametrize("text", ["\x00", "%", "_", "'; --", "x" * 5000, "👋"])
def test_any_text_is_searched_without_harm(acme: SimpleNamespace, adam: Client, text: str) -> None:
    assert adam.get(PAGE, {"user": text}).status_code == 200


def test_an_id_of_nobody_and_of_another_tenant_is_not_found(acme: SimpleNamespace, adam: Client) -> None:
    other = cast.open_tenant("other-corp", "dana@other.example")
    for key in (uuid4(), cast.owner_of(other).id):
        assert adam.get(PAGE, {"user": str(key)}).status_code == 404
        assert adam.get(f"/t/acme-corp/authz/users/{key}/access/").status_code == 404
    assert "Dana" not in words(adam.get(PAGE, {"user": "dana"}))


def test_a_contractor_sees_their_own_access_only(acme: SimpleNamespace) -> None:
    carl = cast.signed_in(acme.carl)
    for asked in ({}, {"user": str(acme.carl.id)}):
        page = carl.get(PAGE, asked)
        assert "deploy:run on deploy-mcp after MFA, through on-call" in words(page)
        assert 'role="search"' not in page.content.decode()
        assert "/authz/roles/" not in page.content.decode(), "a page that is closed to them"
    assert carl.get(PAGE, {"user": "alice@acme.example"}).status_code == 403


def test_the_panel_says_what_one_person_can_do(acme: SimpleNamespace, adam: Client) -> None:
    url = f"/t/acme-corp/authz/users/{acme.ed.user_id}/access/"
    assert "Ed can pr:read on github-mcp, as an end user, through plan Free." in words(adam.get(url))
    panel = adam.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in panel
