"""What a tenant leaves a client: Applications and scopes, at authorize, exchange, refresh and introspection."""

import random
from itertools import combinations
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from oauth import cleanup
from oauth.clients import approvals
from oauth.clients.approvals import BadLimit, Reach
from oauth.issuance import Subject, grantable_scopes, read_terms, resources_of_client
from oauth.models import Client, ClientLimit, RefreshToken
from tests import cast
from tests.oauth.test_console import html, operator
from tests.oauth.world import ED, World, redirected, world

pytestmark = pytest.mark.django_db


def limit(it: World, *reach: Reach, **more: Any) -> None:
    with tenant_context(it.tenant.id):
        approvals.limit(
            tenant_id=it.tenant.id,
            client_id=it.client.pk,
            reach=reach,
            actor=SYSTEM,
            now=timezone.now(),
            **more,
        )


def lift(it: World) -> None:
    with tenant_context(it.tenant.id):
        approvals.lift(tenant_id=it.tenant.id, client_id=it.client.pk, actor=SYSTEM, now=timezone.now())


def reach_of(it: World) -> list[Reach]:
    with tenant_context(it.tenant.id):
        return approvals.reach_of(it.tenant.id, [it.client.pk])[it.client.pk]


def other_application(it: World) -> Any:
    return cast.application(it.tenant, "github-mcp", ["pr:read"], uri="http://localhost:9102/mcp")


def test_a_client_limited_to_another_application_is_out_at_once_and_back_unchanged() -> None:
    it = world()
    answer = it.tokens(it.signed_in(ED), scope="read write")
    other = other_application(it)
    limit(it, Reach(other.pk))
    assert it.facts(answer["access_token"]) == {"active": False}
    refused = it.refresh(answer["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    page = it.signed_in(ED).get(it.query()[0])
    assert page.status_code == 403
    assert "limited" in page.content.decode()
    with tenant_context(it.tenant.id):
        assert not RefreshToken.objects.filter(revoked__isnull=False).exists()
    lift(it)
    assert it.facts(answer["access_token"])["scope"] == "read write"
    assert it.refresh(answer["refresh_token"]).status_code == 200


def test_a_scope_kept_from_a_client_goes_at_the_next_introspection_and_comes_back_by_refresh() -> None:
    it = world()
    answer = it.tokens(it.signed_in(ED), scope="read write")
    limit(it, Reach(it.application.pk, "read"))
    facts = it.facts(answer["access_token"])
    assert (facts["scope"], facts["scope_filtered"]) == ("read", True)
    answer = it.refresh(answer["refresh_token"]).json()
    assert answer["scope"] == "read"
    lift(it)
    assert it.refresh(answer["refresh_token"]).json()["scope"] == "read write"


def test_the_consent_page_says_which_scopes_the_tenant_keeps_from_the_client() -> None:
    it = world()
    limit(it, Reach(it.application.pk, "read"))
    page = html(it.signed_in(ED).get(it.query(scope="read write")[0]))
    assert 'name="scopes" value="read"' in page
    assert 'value="write"' not in page
    assert "does not let Claude Code have it" in page


def test_a_limit_between_consent_and_exchange_counts() -> None:
    it = world()
    code, verifier = it.consent(it.signed_in(ED), scope="read write")
    limit(it, Reach(it.application.pk, "write"))
    assert it.exchange(code, verifier).json()["scope"] == "write"


def test_scopes_that_come_by_default_are_limited_too_and_none_left_is_said_to_the_client() -> None:
    it = world()
    limit(it, Reach(it.application.pk, "run"))  # to which Ed is not entitled
    asked = it.signed_in(ED).get(it.query(prompt="none")[0])
    assert redirected(asked)["error"] == "access_denied"


def test_a_limit_counts_in_its_own_tenant_alone() -> None:
    it, there = world(), world("globex")
    there.client = it.client
    token = there.tokens(there.signed_in(ED))["access_token"]
    limit(it, Reach(it.application.pk, "read"))
    assert there.facts(token)["active"]
    assert resources_of_client(it.client.pk) == []


def test_granted_is_never_more_than_entitled_supported_requested_and_reached() -> None:
    """A second opinion in plain sets, for every way to ask and many limits (Rule 5)."""
    it = world()
    user = cast.end_user(it.tenant, "eve@consumer.example")
    other, supported, entitled = other_application(it), {"read", "write", "run"}, {"read", "write"}
    things = [Reach(it.application.pk), Reach(other.pk), *(Reach(it.application.pk, n) for n in supported)]
    chance = random.Random(7)
    asked = [list(names) for size in (1, 2, 3) for names in combinations(sorted(supported), size)]
    for _ in range(12):
        reach = chance.sample(things, chance.randint(1, 3))
        limit(it, *reach)
        here = {one.scope for one in reach if one.application_id == it.application.pk}
        left = supported if "" in here else here
        with tenant_context(it.tenant.id):
            terms = read_terms(
                tenant_id=it.tenant.id,
                subject=Subject("user", user.user_id),
                client_id=it.client.pk,
                application_id=it.application.pk,
                at=timezone.now(),
                consented=False,
            )
            assert terms is not None
            assert terms.standing == ("" if here else "client_limited")
            for requested in asked:
                granted = set(grantable_scopes(terms, requested=requested).granted)
                assert granted == (entitled & supported & set(requested) & left if here else set())


def test_limits_are_closed_never_deleted_and_written_down_once() -> None:
    it = world()
    limit(it, Reach(it.application.pk, "read"), Reach(it.application.pk, "write"), reason="a pilot")
    limit(it, Reach(it.application.pk, "write"), Reach(it.application.pk, "read"))
    limit(it, Reach(it.application.pk), Reach(it.application.pk, "read"))  # the whole holds its scopes
    lift(it)
    lift(it)
    with tenant_context(it.tenant.id):
        rows = ClientLimit.objects.filter(tenant=it.tenant)
        assert sorted(rows.values_list("scope", flat=True)) == ["", "read", "write"]
        assert not rows.filter(ended_at__isnull=True).exists()
        told = Event.objects.filter(target_id=it.client.pk, action__startswith="client.").order_by("at", "id")
        assert list(told.values_list("action", flat=True)) == [
            "client.limited",
            "client.limited",
            "client.unlimited",
        ]
        assert told[0].reason == "a pilot"


@pytest.mark.parametrize(("scope", "says"), [("nothing", "no scope nothing"), (None, "deny it")])
def test_limits_name_what_there_is(scope: str | None, says: str) -> None:
    it = world()
    with pytest.raises(BadLimit, match=says):
        limit(it, *([] if scope is None else [Reach(it.application.pk, scope)]))


def test_the_application_of_another_tenant_is_none_of_ours() -> None:
    it, there = world(), world("globex")
    with pytest.raises(BadLimit, match="no such Application"):
        limit(it, Reach(there.application.pk))


def test_the_page_limits_and_lifts() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED), scope="read write")["access_token"]
    base, browser = f"/t/{it.tenant.slug}/clients/{it.client.pk}/", operator(it)
    assert "deploy-mcp" in html(browser.get(f"{base}limits/"))
    assert browser.post(f"{base}limits/", {}).status_code == 422
    chosen = {"reach": [f"{it.application.pk} read"], "reason": "a pilot"}
    assert browser.post(f"{base}limits/", chosen).status_code == 302
    assert it.facts(token)["scope"] == "read"
    page = html(browser.get(base))
    assert "<s" in page
    assert "limited what client" in page
    assert "checked" in html(browser.get(f"{base}limits/"))
    assert browser.post(f"{base}lift/", {}).status_code == 302
    assert it.facts(token)["scope"] == "read write"


def test_of_many_applications_a_search_finds_those_to_tick_and_keeps_what_is_ticked() -> None:
    it = world()
    others = [
        cast.application(it.tenant, f"tool-{n:02}", [f"do-{n:02}"], uri=f"http://localhost:9/{n:02}")
        for n in range(22)
    ]
    page, browser = f"/t/{it.tenant.slug}/clients/{it.client.pk}/limits/", operator(it)
    limit(it, Reach(it.application.pk, "read"))
    shown = html(browser.get(page))
    assert f'value="{it.application.pk} read" checked' in shown
    assert "tool-19" in shown
    assert "tool-20" not in shown
    assert "2 more fit" in shown
    ticks = [f"{it.application.pk} read", f"{others[0].pk}"]
    for text in ("tool-21", "9/21", "DO-21"):
        found = browser.post(page, {"action": "find", "q": text, "reach": ticks, "reason": "kept"})
        assert found.status_code == 200
        shown = html(found)
        for value in ticks:
            assert f'value="{value}" checked' in shown
        assert f'value="{others[21].pk} do-21"' in shown
        assert "tool-05" not in shown
        assert "kept</textarea>" in shown
    assert html(browser.post(page, {"action": "find", "reach": ticks[:1]})).count("checked") == 1, (
        "or unticked"
    )
    assert browser.post(page, {"reach": [*ticks, f"{others[21].pk}"]}).status_code == 302
    assert {one.application_id for one in reach_of(it)} == {it.application.pk, others[0].pk, others[21].pk}


@pytest.mark.parametrize("reach", ["x", "x read", "00000000-0000-7000-8000-000000000000", "\x00"])
def test_what_the_page_never_offered_is_refused(reach: str) -> None:
    it = world()
    limit(it, Reach(it.application.pk))
    page = f"/t/{it.tenant.slug}/clients/{it.client.pk}/limits/"
    assert operator(it).post(page, {"reach": [f"{it.application.pk}", reach]}).status_code in (400, 422)


def test_effective_access_says_which_clients_get_less_than_the_person() -> None:
    it = world()
    it.tokens(it.signed_in(ED), scope="read write")
    panel = f"/t/{it.tenant.slug}/users/{cast.user_of(it.tenant, ED).pk}/workloads/"
    browser = operator(it)
    assert "get less" not in html(browser.get(panel))
    limit(it, Reach(it.application.pk))
    assert "get less" not in html(browser.get(panel)), "limited to what it has anyway"
    limit(it, Reach(it.application.pk, "read"))
    page = html(browser.get(panel))
    for words in (
        "Claude Code",
        "limited here",
        "<code>read</code>",
        '<s class="muted"><code>write</code></s>',
    ):
        assert words in page
    assert html(browser.get(f"/t/{it.tenant.slug}/clients/{it.client.pk}/")).count("<code>write</code>") == 1
    limit(it, Reach(other_application(it).pk))
    assert "nothing: no token" in html(browser.get(panel))
    lift(it)
    with tenant_context(it.tenant.id):
        approvals.deny(tenant_id=it.tenant.id, client_id=it.client.pk, actor=SYSTEM, now=timezone.now())
    assert "denied here" in html(browser.get(panel))


def test_a_limited_client_is_not_unused_and_an_unused_one_goes_with_its_picture() -> None:
    it, later = world(), timezone.now() + cleanup.UNUSED_AFTER * 2
    limit(it, Reach(it.application.pk))
    assert cleanup.delete_unused_clients(now=later) == 0
    with tenant_context(it.tenant.id):
        assert Client.objects.filter(pk=it.client.pk).exists()
