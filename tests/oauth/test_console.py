"""The Clients page, the panels about people and credentials, and a person's own connections."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.database.context import tenant_context
from endusers.models import EndUser
from oauth.models import ClientPolicy, Consent
from tests import cast
from tests.oauth.world import basic, world

pytestmark = pytest.mark.django_db
ED, OWNER = "ed@consumer.example", "owner@acme-corp.example"


def operator(it: Any) -> Browser:
    return it.signed_in(OWNER)


def html(answer: Any) -> str:
    assert answer.status_code in (200, 422), answer.status_code
    return answer.content.decode()


def test_the_clients_page_shows_who_came_and_denying_makes_tokens_inactive() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    browser, base = operator(it), f"/t/{it.tenant.slug}/clients/"
    page = html(browser.get(base))
    assert "Claude Code" in page
    assert "registered itself" in page
    assert "Let in by policy" in page
    ask = html(browser.get(f"{base}{it.client.pk}/deny/"))
    assert "<b>1</b>" in ask
    answer = browser.post(f"{base}{it.client.pk}/deny/", {"reason": "unknown vendor"})
    assert answer.status_code == 302
    assert it.facts(token) == {"active": False}
    assert "Denied" in html(browser.get(base))
    browser.post(f"{base}{it.client.pk}/approve/", {})
    assert it.facts(token)["active"]


def test_the_policy_form_takes_hosts_and_refuses_what_is_none() -> None:
    it = world()
    url = f"/t/{it.tenant.slug}/clients/policy/"
    form = {
        "registration_policy": "allow_list",
        "metadata_policy": "open",
        "allowed_hosts": "Claude.AI\nnot a host!",
    }
    assert operator(it).post(url, form).status_code == 422
    form["allowed_hosts"] = "Claude.AI\nlocalhost"
    assert operator(it).post(url, form).status_code == 302
    with tenant_context(it.tenant.id):
        assert ClientPolicy.objects.get().allowed_hosts == ["claude.ai", "localhost"]


def test_an_operator_sees_connections_and_cuts_one_off() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    user_id = it.facts(token)["sub"]
    base = f"/t/{it.tenant.slug}/users/{user_id}/"
    assert "Claude Code" in html(operator(it).get(f"{base}connections/"))
    counted = html(operator(it).get(f"{base}consequence/"))
    assert "<b>1</b>" in counted
    assert "<b>2</b>" in counted
    with tenant_context(it.tenant.id):
        consent_id = Consent.objects.get().pk
    url = f"{base}connections/{consent_id}/revoke/"
    assert "Cut" in html(operator(it).get(url))
    assert operator(it).post(url, {}).status_code == 302
    assert it.facts(token) == {"active": False}
    assert operator(it).post(url, {}).status_code == 404


def test_suspend_and_revoke_kills_tokens_for_good() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    url = f"/t/{it.tenant.slug}/users/{it.facts(token)['sub']}/revoke/"
    assert operator(it).post(url, {"reason": ""}).status_code == 422
    assert operator(it).post(url, {"reason": "leak"}).status_code == 302
    with tenant_context(it.tenant.id):
        end_user = EndUser.objects.get()
        assert end_user.status == "suspended"
        EndUser.objects.update(status="active")
    assert it.facts(token) == {"active": False}


def test_a_credential_is_shown_once_and_the_old_one_works_on() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    base = f"/t/{it.tenant.slug}/applications/{it.application.id}/credentials/"
    answer = operator(it).post(f"{base}issue/")
    assert answer["Cache-Control"] == "no-store"
    page = html(answer)
    secret = page.split("as_rs_")[1].split("<")[0].split('"')[0]
    new_id = next(
        word
        for word in page.replace("<", " ").replace(">", " ").split()
        if word.startswith("as_rc_") and word != it.credential[0]
    )
    assert it.introspect(token, (new_id, f"as_rs_{secret}")).json()["active"]
    assert it.introspect(token).json()["active"]
    assert "as_rs_" not in html(operator(it).get(base))


def test_a_service_accounts_client_is_made_and_its_secret_rotated() -> None:
    it = world()
    robot = cast.service_account(it.tenant, "release-bot")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    url = f"/t/{it.tenant.slug}/authz/service-accounts/{robot.pk}/credentials/"
    assert "no client yet" in html(operator(it).get(url))

    def shown() -> tuple[str, str]:
        page = html(operator(it).post(f"{url}rotate/"))
        words = page.replace("<", " ").replace(">", " ").split()
        return (
            next(word for word in words if word.startswith("as_cl_")),
            next(word for word in words if word.startswith("as_cs_")),
        )

    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    first, second = shown(), shown()
    assert first[0] == second[0]
    assert it.post(form, **basic(*first)).status_code == 401
    assert it.post(form, **basic(*second)).status_code == 200


def test_a_person_takes_a_connection_back() -> None:
    it = world()
    browser = it.signed_in(ED)
    token = it.tokens(browser)["access_token"]
    page = html(browser.get("/account/connections/"))
    assert "Claude Code" in page
    assert "deploy-mcp" in page
    with tenant_context(it.tenant.id):
        consent_id = Consent.objects.get().pk
    url = f"/account/connections/{consent_id}/withdraw/"
    assert it.signed_in("flo@consumer.example").post(url).status_code == 404
    assert it.facts(token)["active"]
    assert browser.post(url).status_code == 302
    assert it.facts(token) == {"active": False}
    assert "connected nothing" in html(browser.get("/account/connections/"))


def test_who_leaves_the_team_loses_tokens() -> None:
    from authsec.audit.actor import SYSTEM
    from tenants import operations as tenants

    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), user, it.application)
    it.tokens(it.signed_in("alice@acme.example"), scope="run")
    assert it.count() == (1, 1, 0)
    with tenant_context(it.tenant.id):
        tenants.remove_member(tenant_id=it.tenant.id, user_id=user.id, actor=SYSTEM, now=timezone.now())
    assert it.count() == (0, 0, 1)
