"""One token explained: its decision, what introspection says now, and the difference in words."""

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import bindings
from authz.models import Binding
from endusers import operations as endusers
from oauth import consent, introspection
from oauth.models import AccessToken, Consent
from tests import cast
from tests.console.api import token_of
from tests.oauth.world import ED, World, world

pytestmark = pytest.mark.django_db
PAGE = "/t/acme-corp/authz/effective-access/token/"


@pytest.fixture
def it() -> World:
    return world()


def token_for_ed(it: World) -> str:
    return str(it.tokens(it.signed_in(ED), scope="read write run")["access_token"])


def told(it: World, text: str) -> tuple[int, dict]:
    owner = cast.owner_of(it.tenant)
    answer = Browser().post(
        "/uflow/v2/explain-token",
        {"token": text},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token_of(owner)}", "X-Tenant-ID": str(it.tenant.id)},
    )
    return answer.status_code, answer.json()


def shown(it: World, text: str) -> str:
    browser = cast.signed_in(cast.owner_of(it.tenant))
    return browser.post(PAGE, {"token": text}).content.decode()


def test_a_good_token_is_what_was_decided(it: World) -> None:
    token = token_for_ed(it)
    status, body = told(it, token)
    assert (status, body["active"], body["why"]) == (200, True, "")
    assert body["grant_type"] == "authorization_code"
    by_name = {one["name"]: one for one in body["scopes"]}
    assert by_name["read"]["granted"]
    assert by_name["read"]["now"]
    assert (by_name["run"]["requested"], by_name["run"]["entitled"], by_name["run"]["granted"]) == (
        True,
        False,
        False,
    )
    assert told(it, body["jti"])[1] == body
    assert told(it, f"Bearer {token}")[1] == body


def test_a_scope_that_is_filtered_says_which_binding_ended_when(it: World) -> None:
    token = token_for_ed(it)
    with tenant_context(it.tenant.id):
        binding = Binding.objects.get(tenant=it.tenant, plan_tier__key="free")
        bindings.end(
            tenant_id=it.tenant.id, binding_id=binding.pk, actor=SYSTEM, now=timezone.now(), reason=""
        )
    _, body = told(it, token)
    assert (body["active"], body["why"]) == (True, "nothing_left")
    [read] = [one for one in body["scopes"] if one["name"] == "read"]
    assert not read["now"]
    assert read["reasons"] == [
        f"Reader as an end user, through plan Free was ended on {timezone.now():%-d %b %Y}."
    ]
    assert read["reasons"][0] in shown(it, token)


def test_a_token_of_somebody_suspended_or_cut_off_says_since_when(it: World) -> None:
    token = token_for_ed(it)
    user = cast.user_of(it.tenant, ED)
    with tenant_context(it.tenant.id):
        endusers.suspend(
            tenant_id=it.tenant.id, user_id=user.pk, reason="leaked key", actor=SYSTEM, now=timezone.now()
        )
    _, body = told(it, token)
    assert (body["active"], body["why"]) == (False, "suspended")
    assert "leaked key" in body["reason"]
    with tenant_context(it.tenant.id):
        endusers.reactivate(tenant_id=it.tenant.id, user_id=user.pk, actor=SYSTEM, now=timezone.now())
    assert told(it, token)[1]["active"] is True


def test_what_is_gone_is_found_by_its_id_alone(it: World) -> None:
    token = token_for_ed(it)
    key = told(it, token)[1]["jti"]
    with tenant_context(it.tenant.id):
        row = Consent.objects.get(tenant=it.tenant)
        consent.withdraw(tenant_id=it.tenant.id, consent_id=row.pk, actor=SYSTEM, now=timezone.now())
        AccessToken.objects.filter(pk=key).delete()
    _, body = told(it, key)
    assert (body["active"], body["why"], body["expires_at"]) == (False, "revoked", None)
    status, body = told(it, token)
    assert status == 404


def test_other_tenants_tokens_and_unknown_ones_get_one_answer(it: World) -> None:
    other = world("globex")
    foreign = token_for_ed(other)
    with tenant_context(other.tenant.id):
        foreign_id = str(AccessToken.objects.get(tenant=other.tenant).pk)
    answers = [
        told(it, text)
        for text in (foreign, foreign_id, "as_at_" + "x" * 43, "00000000-0000-4000-8000-000000000000")
    ]
    assert {status for status, _ in answers} == {404}
    assert len({body["detail"] for _, body in answers}) == 1
    pages = [shown(it, text) for text in (foreign, foreign_id)]
    assert all("No token of acme-corp" in page for page in pages)
    assert foreign not in pages[0]


def test_only_an_id_is_answered_from_the_address(it: World) -> None:
    token = token_for_ed(it)
    browser = cast.signed_in(cast.owner_of(it.tenant))
    page = f"/t/{it.tenant.slug}/authz/effective-access/token/"
    key = told(it, token)[1]["jti"]
    assert "Ed" in browser.get(page, {"jti": key}).content.decode()
    asked = browser.get(page, {"jti": token})
    assert (asked.status_code, key in asked.content.decode()) == (404, False)


def test_what_is_no_access_token_of_an_application_is_named(it: World) -> None:
    jwt = token_of(cast.owner_of(it.tenant))
    assert "management API" in told(it, jwt)[1]["detail"]
    assert "management API" in shown(it, jwt)
    assert "refresh token" in told(it, "as_rt_" + "x" * 43)[1]["detail"]


def test_looking_counts_as_no_introspection(it: World) -> None:
    token = token_for_ed(it)
    introspection.counters.flush()
    shown(it, token)
    assert not introspection.counters._entries
