"""Token exchange: what a workload gets of a person's token, and when it ends (RFC 8693)."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz import service_accounts
from authz.models import Application
from endusers import operations as endusers
from oauth import consent
from oauth.account import connections as own_connections
from oauth.clients import approvals
from oauth.clients import creation as clients
from oauth.clients.approvals import Reach
from oauth.exchange import TOKEN_EXCHANGE
from oauth.models import AccessToken, Client, Consent, Decision
from tests import cast
from tests.oauth.world import ED, World, account, basic, disable, world

pytestmark = pytest.mark.django_db

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def allow(it: World, client: Client, email: str = ED, only: list[str] | None = None, **query: str) -> Any:
    """The person's yes to a workload, on the page that asks for it."""
    asked = urlencode({"client_id": client.client_id, "resource": it.resource, **query})
    form = {"action": "allow", "scopes": ["read", "write", "run"] if only is None else only}
    return it.signed_in(email).post(f"/account/connections/give/?{asked}", form)


def exchange(it: World, workload: tuple[Client, str], token: str, **changes: str | None) -> Any:
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": it.resource,
        **changes,
    }
    return it.post(form, **basic(workload[0].client_id, workload[1]))


def another(it: World, name: str) -> tuple[Client, str, Any]:
    robot = cast.service_account(it.tenant, name)
    named = {"service_account_id": robot.pk, "name": name, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        return *clients.create_for_service_account(tenant_id=it.tenant.id, **named), robot


def refused(answer: Any, code: str) -> str:
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] == code, answer.content
    assert answer["Cache-Control"] == "no-store"
    return str(answer.json().get("error_description", ""))


def test_a_workload_gets_a_narrower_token_that_names_it() -> None:  # RFC 8693 §2.2.1, §4.1
    it = world()
    client, secret, robot = account(it)
    given = it.tokens(it.signed_in(ED), scope="read write")
    assert allow(it, client, only=["read"]).status_code == 302
    answer = exchange(it, (client, secret), given["access_token"])
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["issued_token_type"] == ACCESS_TOKEN
    assert (told["token_type"], told["scope"]) == ("Bearer", "read")
    assert "refresh_token" not in told
    facts, hers = it.facts(told["access_token"]), it.facts(given["access_token"])
    assert facts["act"] == {"sub": str(robot.pk)}
    assert "act" not in hers
    assert (facts["sub"], facts["aud"], facts["username"]) == (hers["sub"], it.resource, ED)
    assert facts["client_id"] == client.client_id
    assert facts["exp"] <= hers["exp"], "no longer than the token it was made from"
    assert told["expires_in"] <= given["expires_in"]
    with tenant_context(it.tenant.id):
        decision = Decision.objects.get(token_id=facts["jti"])
    assert (decision.act, decision.granted) == ({"sub": str(robot.pk)}, ["read"])


@pytest.mark.parametrize(
    ("scope", "got"),
    [(None, "read write"), ("read", "read"), ("write run", "write"), ("write read", "write read")],
)
def test_it_never_holds_more_than_token_consent_and_gate_give(scope: str | None, got: str) -> None:  # §2.2.1
    it = world()
    client, secret, _ = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), cast.tier(it.tenant), it.application)
    given = it.tokens(it.signed_in(ED), scope="read write")
    allow(it, client)
    answer = exchange(it, (client, secret), given["access_token"], scope=scope)
    assert answer.json()["scope"] == got, "run was allowed and is held, but the presented token lacks it"
    refused(exchange(it, (client, secret), given["access_token"], scope="run"), "invalid_scope")


def test_without_the_persons_yes_it_gets_nothing_and_hears_where_they_say_it() -> None:
    it = world()
    client, secret, _ = account(it)
    given = it.tokens(it.signed_in(ED))
    where = refused(exchange(it, (client, secret), given["access_token"]), "invalid_request")
    assert f"/account/connections/give/?client_id={client.client_id}" in where
    assert it.facts(given["access_token"])["active"] is True, "the presented token is as it was"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": "as_at_unknown"}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "as_at_x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"resource": "http://localhost:9102/other"}, "invalid_target"),
        ({"audience": "somewhere"}, "invalid_target"),
        ({"scope": "nothing"}, "invalid_scope"),
    ],
)
def test_a_malformed_exchange_is_told_what_is_wrong(
    changes: dict[str, Any], code: str
) -> None:  # §2.1, §2.2.2
    it = world()
    client, secret, _ = account(it)
    given = it.tokens(it.signed_in(ED))
    allow(it, client)
    refused(exchange(it, (client, secret), given["access_token"], **changes), code)
    assert exchange(it, (client, secret), given["access_token"], resource=None).status_code == 200


def test_only_a_service_account_of_the_same_tenant_exchanges() -> None:
    it, elsewhere = world(), world("data-tools-cloud")
    client, secret, _ = account(it)
    allow(it, client)
    given = it.tokens(it.signed_in(ED))
    allow(it, client)
    stranger = account(elsewhere)[:2]
    refused(exchange(it, stranger, given["access_token"]), "invalid_request")
    public = {"grant_type": TOKEN_EXCHANGE, "client_id": it.client.client_id}
    refused(
        it.post(public | {"subject_token": given["access_token"], "subject_token_type": ACCESS_TOKEN}),
        "unauthorized_client",
    )
    robots = {"grant_type": "client_credentials", "resource": it.resource, "scope": "run"}
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), account_of(it, client), it.application)
    own = it.post(robots, **basic(client.client_id, secret)).json()["access_token"]
    refused(exchange(it, (client, secret), own), "invalid_request")


def account_of(it: World, client: Client) -> Any:
    with tenant_context(it.tenant.id):
        return client.service_account


def ending(it: World, robot: Any, client: Client, given: dict[str, Any], how: str) -> None:
    named: dict[str, Any] = {"tenant_id": it.tenant.id, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        user = AccessToken.objects.filter(tenant=it.tenant).first()
        assert user is not None
        rows = Consent.objects.filter(tenant=it.tenant, user_id=user.subject)
        if how == "its own consent is withdrawn":
            consent.withdraw(consent_id=rows.get(client=client).pk, **named)
        elif how == "the first client's consent is withdrawn":
            consent.withdraw(consent_id=rows.exclude(client=client).get().pk, **named)
        elif how == "the first client is denied":
            clients.deny(client_id=it.client.pk, **named)
        elif how == "the account ends":
            service_accounts.end(service_account_id=robot.pk, **named)
    if how == "the presented token is revoked":
        it_revokes(it, given["access_token"])
    elif how == "the first client is disabled":
        disable(it.client)


def about(it: World) -> dict[str, Any]:
    user = cast.user_of(it.tenant, ED)
    return {"tenant_id": it.tenant.id, "user_id": user.pk, "actor": SYSTEM, "now": timezone.now()}


def suspend(it: World) -> None:
    with tenant_context(it.tenant.id):
        endusers.suspend(**about(it), reason="a drill")


def reactivate(it: World) -> None:
    with tenant_context(it.tenant.id):
        endusers.reactivate(**about(it))


def it_revokes(it: World, token: str) -> None:
    body = urlencode({"token": token, "client_id": it.client.client_id})
    Browser().post("/oauth/revoke", body, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "how",
    [
        "its own consent is withdrawn",
        "the first client's consent is withdrawn",
        "the first client is denied",
        "the first client is disabled",
        "the account ends",
        "the presented token is revoked",
    ],
)
def test_it_ends_at_the_next_introspection_when(how: str) -> None:
    it = world()
    client, secret, robot = account(it)
    given = it.tokens(it.signed_in(ED))
    allow(it, client)
    got = exchange(it, (client, secret), given["access_token"]).json()["access_token"]
    assert it.facts(got)["active"] is True
    ending(it, robot, client, given, how)
    assert it.facts(got) == {"active": False}


def test_suspension_stops_it_and_reactivation_brings_it_back() -> None:  # Rule 3
    it = world()
    client, secret, _ = account(it)
    given = it.tokens(it.signed_in(ED))
    allow(it, client)
    got = exchange(it, (client, secret), given["access_token"]).json()["access_token"]
    suspend(it)
    assert it.facts(got) == {"active": False}
    refused(exchange(it, (client, secret), given["access_token"]), "invalid_request")
    reactivate(it)
    assert it.facts(got)["active"] is True


def test_a_chain_names_everybody_and_ends_with_its_first_link() -> None:  # §4.1
    it = world()
    first, second, third, fourth = (another(it, name) for name in ("one", "two", "three", "four"))
    given = it.tokens(it.signed_in(ED))
    token = given["access_token"]
    for client, secret, _ in (first, second, third):
        allow(it, client)
        token = exchange(it, (client, secret), token).json()["access_token"]
    chain = [str(robot.pk) for _, _, robot in (third, second, first)]
    assert it.facts(token)["act"] == {"sub": chain[0], "act": {"sub": chain[1], "act": {"sub": chain[2]}}}
    allow(it, fourth[0])
    assert "At most" in refused(exchange(it, fourth[:2], token), "invalid_request")
    with tenant_context(it.tenant.id):
        service_accounts.end(
            tenant_id=it.tenant.id, service_account_id=first[2].pk, actor=SYSTEM, now=timezone.now()
        )
    assert it.facts(token) == {"active": False}
    refused(
        exchange(it, second[:2], given["access_token"]) if False else exchange(it, second[:2], token),
        "invalid_request",
    )


def test_what_is_kept_from_the_first_client_is_kept_from_who_got_its_token() -> None:  # §5
    it = world()
    first, second = another(it, "one"), another(it, "two")
    given = it.tokens(it.signed_in(ED), scope="read write")
    for client, _, _ in (first, second):
        allow(it, client)
    got = exchange(it, first[:2], given["access_token"]).json()
    assert got["scope"] == "read write"
    reach = [Reach(it.application.pk, "read")]
    limits: dict[str, Any] = {"client_id": it.client.pk, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        approvals.limit(tenant_id=it.tenant.id, reach=reach, **limits)
    facts = it.facts(got["access_token"])
    assert (facts["scope"], facts["scope_filtered"]) == ("read", True)
    for token in (given["access_token"], got["access_token"]):
        assert exchange(it, second[:2], token).json()["scope"] == "read"
        refused(exchange(it, second[:2], token, scope="write"), "invalid_scope")
    with tenant_context(it.tenant.id):
        approvals.lift(tenant_id=it.tenant.id, **limits)
    assert it.facts(got["access_token"])["scope"] == "read write"


def test_a_name_on_the_page_turns_no_sentence_round() -> None:
    it = world()
    client, _, _ = account(it)
    it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        Application.objects.filter(pk=it.application.pk).update(name="Notes\u202eeton")
    asked = urlencode({"client_id": client.client_id, "resource": it.resource})
    page = it.signed_in(ED).get(f"/account/connections/give/?{asked}").content.decode()
    assert "Noteseton" in page
    assert "\u202e" not in page


def test_the_page_asks_for_what_the_person_holds_and_nothing_else() -> None:
    it = world()
    client, _, _ = account(it)
    address = "/account/connections/give/?" + urlencode(
        {"client_id": client.client_id, "resource": it.resource}
    )
    stranger = it.signed_in("nobody@consumer.example").get(address)
    assert stranger.status_code == 404, "whom the tenant never met learns nothing of its workloads"
    it.tokens(it.signed_in(ED))
    browser = it.signed_in(ED)
    page = browser.get(address).content.decode()
    assert 'value="read" checked' in page
    assert 'value="write" checked' in page
    assert 'value="run"' not in page
    assert "a service account of" in page
    assert browser.post(address, {"action": "allow", "scopes": ["run"]}).status_code == 422
    assert browser.post(address, {"action": "deny"}).status_code == 302
    with tenant_context(it.tenant.id):
        assert not Consent.objects.filter(client=client).exists()
    browser.post(address, {"action": "allow", "scopes": ["read", "run", "openid"]})
    with tenant_context(it.tenant.id):
        assert Consent.objects.get(client=client).scopes == ["read"]
    for wrong in ("client_id=unknown", f"client_id={it.client.client_id}&resource={it.resource}", ""):
        assert browser.get(f"/account/connections/give/?{wrong}").status_code == 404
    suspend(it)
    assert browser.get(address).status_code == 403
    reactivate(it)
    with system_context():
        rows = own_connections.page_of(cast.person(ED).pk, now=timezone.now()).items
    assert ("release-bot", "workload") in [(row.client.name, row.client.owner) for row in rows]
    assert "release-bot" in browser.get("/account/connections/").content.decode()


def test_effective_access_shows_who_acts_for_whom() -> None:
    it = world()
    client, secret, robot = account(it)
    given = it.tokens(it.signed_in(ED))
    allow(it, client, only=["read"])
    exchange(it, (client, secret), given["access_token"])
    owner = it.signed_in(f"owner@{it.tenant.slug}.example")
    user = it.facts(given["access_token"])["sub"]
    panel = owner.get(f"/t/{it.tenant.slug}/users/{user}/workloads/").content.decode()
    assert "release-bot" in panel
    assert "1 token now" in panel
    other = owner.get(f"/t/{it.tenant.slug}/authz/service-accounts/{robot.pk}/acts-for/").content.decode()
    assert f"effective-access/?user={user}" in other
    assert "/account/connections/give/?client_id=" in other
    answer = owner.get(f"/t/{it.tenant.slug}/authz/effective-access/?user={user}").content.decode()
    assert f"/users/{user}/workloads/" in answer
