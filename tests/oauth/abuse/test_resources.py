"""Resources: a token for one used at another, and names that belong to somebody else."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz.models import Application
from oauth import credentials
from oauth.models import RefreshToken
from tests import cast
from tests.oauth.world import ED, World, redirected, world

pytestmark = pytest.mark.django_db
URI = "https://mcp.example/api"


def error(answer: Any) -> str:
    assert answer.status_code == 400, answer.content
    return str(answer.json()["error"])


def two() -> tuple[World, Application, tuple[str, str]]:
    """A world with a second Application, for which Ed holds the same scopes, and its credential."""
    it = world()
    other = cast.application(it.tenant, "wiki-mcp", ["read", "write"])
    cast.bind(it.tenant, cast.role(it.tenant, "Wiki", ["read", "write"]), cast.tier(it.tenant), other)
    with tenant_context(it.tenant.id):
        credential = credentials.issue(
            tenant_id=it.tenant.id, application_id=other.id, actor=SYSTEM, now=timezone.now()
        )
    return it, other, credential


def test_swap_a_code_for_one_resource_gives_no_token_for_another() -> None:  # RFC 8707 §2.2
    it, other, _ = two()
    code, verifier = it.consent(it.signed_in(ED))
    for resource in (other.resource_uri, "https://nobody.example/", it.resource + "/x"):
        assert error(it.exchange(code, verifier, resource=resource)) == "invalid_target"
    assert (
        it.facts(it.exchange(code, verifier, resource=it.resource).json()["access_token"])["aud"]
        == it.resource
    )


def test_swap_a_refresh_for_another_resource_is_refused_and_uses_nothing_up() -> None:  # RFC 8707 §2.2
    it, other, _ = two()
    first = it.tokens(it.signed_in(ED))
    assert error(it.refresh(first["refresh_token"], resource=other.resource_uri)) == "invalid_target"
    with tenant_context(it.tenant.id):
        assert RefreshToken.objects.get().revoked is None
    assert it.facts(it.refresh(first["refresh_token"]).json()["access_token"])["aud"] == it.resource


def test_swap_a_token_says_nothing_to_another_resource() -> None:  # RFC 7662 §4, RFC 8707 §3
    it, other, credential = two()
    browser = it.signed_in(ED)
    token = it.tokens(browser)["access_token"]
    # The same client may act for Ed at the other one as well: nothing but the token's own resource stands in the way.
    theirs = it.tokens(browser, resource=other.resource_uri)["access_token"]
    for mine, of_another in ((it.credential, theirs), (credential, token)):
        assert it.introspect(of_another, mine).json() == {"active": False}
    assert it.introspect(theirs, credential).json()["active"] is True
    assert it.facts(token)["active"] is True


def test_swap_two_resources_give_no_token_for_both() -> None:  # RFC 8707 §2
    it, other, _ = two()
    url, _ = it.query()
    answer = it.signed_in(ED).get(f"{url}&resource={other.resource_uri}")
    assert redirected(answer)["error"] == "invalid_target"
    code, verifier = it.consent(it.signed_in(ED))
    form = (
        f"grant_type=authorization_code&code={code}&code_verifier={verifier}&client_id={it.client.client_id}"
    )
    both = f"{form}&resource={it.resource}&resource={other.resource_uri}"
    answer = Browser().post("/oauth/token", both, content_type="application/x-www-form-urlencoded")
    assert error(answer) == "invalid_target"


def squat(slug: str, *, verified: bool) -> Application:
    """A tenant whose Application claims URI, and gives everything to everybody."""
    tenant = cast.open_tenant(slug, f"owner@{slug}.example")
    made = cast.application(tenant, f"{slug}-mcp", ["read"], uri=URI)
    cast.bind(tenant, cast.role(tenant, "All", ["read"]), cast.tier(tenant), made)
    if not verified:
        with tenant_context(tenant.id):
            Application.objects.filter(pk=made.pk).update(verified_at=None)
    return made


def tenant_of(it: World, email: str) -> str:
    """Whose Application the person's token is for."""
    browser = it.signed_in(email)
    url, _ = it.query(resource=URI, scope=None)
    page = browser.get(url)
    assert page.status_code == 200, page.text[:500]
    return str(page.text.partition("AuthSec for <bdi>")[2].partition("</bdi>")[0])


def test_squatting_the_verified_owner_wins_whoever_came_first() -> None:  # RFC 9728 §7.3
    it = world()
    squat("squatter", verified=False)
    squat("owner-corp", verified=True)
    assert tenant_of(it, ED) == "owner-corp"
    assert tenant_of(it, "owner@squatter.example") == "owner-corp", "the squatter's own people too"


def test_squatting_an_unverified_name_serves_nobody_but_its_own_members() -> None:  # RFC 8707 §2
    it = world()
    squat("one-corp", verified=False)
    squat("two-corp", verified=False)
    assert redirected(it.signed_in(ED).get(it.query(resource=URI)[0]))["error"] == "invalid_target"
    assert tenant_of(it, "owner@one-corp.example") == "one-corp"
    assert tenant_of(it, "owner@two-corp.example") == "two-corp"


def test_squatting_nothing_is_verified_twice_in_any_spelling() -> None:
    squat("owner-corp", verified=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        squat("squatter", verified=True)
    it = world()
    for spelling in ("https://MCP.example/api", "https://mcp.example:443/api"):
        answer = it.signed_in(ED).get(it.query(resource=spelling, prompt="none")[0])
        assert redirected(answer)["error"] == "consent_required", "the owner's Application"
    for other in (URI + "/", URI + "//", "https://mcp.example/API", "https://mcp.example/x/../api"):
        answer = it.signed_in(ED).get(it.query(resource=other)[0])
        assert redirected(answer)["error"] == "invalid_target", other
