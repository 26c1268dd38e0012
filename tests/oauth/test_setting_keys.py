"""How an operator gives a service account or an own client its keys: on the account's page and through the API."""

import json
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from oauth.clients import creation as clients
from oauth.exchange import DEVICE_CODE
from oauth.models import Client
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.oauth.assertions import FIRST, KEYS_URL, RSA, SECOND, TYPE, ask, assertion, public
from tests.oauth.devices import begin
from tests.oauth.test_console import html
from tests.oauth.world import REDIRECT_URI, World, account, world

pytestmark = pytest.mark.django_db
OWNER = "owner@acme-corp.example"
CLIENTS = "/t/acme-corp/clients/"


def robot(it: World) -> tuple[str, Any]:
    """The client id of a service account that may run, and the account."""
    client, _, bound = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), bound, it.application)
    return client.client_id, bound


def api_of(it: World, email: str = OWNER) -> Api:
    return Api(token_of(cast.person(email)), it.tenant)


def test_on_the_accounts_page_keys_are_set_replaced_and_removed() -> None:
    it = world()
    client_id, bound = robot(it)
    olga = cast.signed_in(cast.person(OWNER))
    page = f"/t/acme-corp/authz/service-accounts/{bound.pk}/credentials/"
    assert "by its secret" in olga.get(page).content.decode()
    for wrong, words in (
        ({}, "either as jwks or as jwks_uri"),
        ({"jwks": "{"}, "not JSON"),
        ({"jwks": "[" * 9000}, "not JSON"),
        ({"jwks": json.dumps({"keys": [FIRST.as_dict(private=True)]})}, "private or secret key"),
        ({"jwks": json.dumps(public(FIRST)), "jwks_uri": KEYS_URL}, "not as both"),
        ({"jwks_uri": "http://keys.example/jwks"}, "https://"),
    ):
        answer = olga.post(f"{page}keys/", wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode(), wrong
    assert olga.post(f"{page}keys/", {"jwks": json.dumps(public(FIRST, SECOND))}).status_code == 302
    shown = olga.get(page).content.decode()
    assert "by a key (private_key_jwt)" in shown
    assert "<code>one</code>, <code>two</code>" in shown
    assert "New secret" not in shown
    assert ask(it, assertion(client_id, SECOND)).status_code == 200
    assert olga.post(f"{page}rotate/").status_code == 302, "no secret beside a key"
    assert "by a key (private_key_jwt)" in olga.get(page).content.decode()
    assert olga.get(f"{page}keys/remove/").status_code == 200
    assert olga.post(f"{page}keys/remove/").status_code == 302
    assert ask(it, assertion(client_id, SECOND)).status_code == 401
    assert "by nothing" in olga.get(page).content.decode()


def test_the_api_sets_an_accounts_keys_and_takes_them_away() -> None:
    it = world()
    client_id, bound = robot(it)
    api, path = api_of(it), f"/uflow/v2/service-accounts/{bound.pk}/keys"
    assert api.get(path).json()["token_endpoint_auth_method"] == "client_secret_basic"
    for wrong in ({}, {"jwks": {"keys": []}}, {"jwks": 7}, {"jwks_uri": "ftp://x"}, {"surprise": 1}):
        assert problem(api("PUT", path, wrong)) == (422, "invalid"), wrong
    answer = api("PUT", path, {"jwks": public(RSA)})
    assert answer.status_code == 200, answer.content
    assert [key["kid"] for key in answer.json()["jwks"]["keys"]] == ["rsa"]
    assert ask(it, assertion(client_id, RSA, {"alg": "PS256"})).status_code == 200
    refused = api.post(f"/uflow/v2/service-accounts/{bound.pk}/rotate-secret")
    assert problem(refused) == (409, "conflict")
    assert api("PUT", path, {"jwks_uri": KEYS_URL}).json() == {
        "client_id": client_id,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": None,
        "jwks_uri": KEYS_URL,
    }
    assert api("DELETE", path).status_code == 204
    assert api.post(f"/uflow/v2/service-accounts/{bound.pk}/rotate-secret").status_code == 201


def test_nobody_takes_an_account_over_by_its_keys() -> None:  # Rule 7
    it = world()
    _, bound = robot(it)
    manager = cast.member(it.tenant, "manager@acme-corp.example", "member")
    cast.bind(it.tenant, cast.role(it.tenant, "Keeper", [], console=["service_accounts:manage"]), manager)
    cast.bind(it.tenant, cast.role(it.tenant, "Boss", [], console=["audit:read"]), bound)
    answer = api_of(it, "manager@acme-corp.example")(
        "PUT", f"/uflow/v2/service-accounts/{bound.pk}/keys", {"jwks": public(FIRST)}
    )
    assert problem(answer) == (403, "escalation")


def test_the_api_makes_an_own_client_with_keys_and_a_public_one_has_none() -> None:
    it = world()
    api = api_of(it)
    asked = {
        "name": "Backend",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
    }
    answer = api.post("/uflow/v2/clients", asked)
    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "#/jwks"
    made = api.post("/uflow/v2/clients", asked | {"jwks": public(FIRST)}).json()
    assert "client_secret" not in made
    path = f"/uflow/v2/clients/{made['id']}/keys"
    assert api("PUT", path, {"jwks": public(SECOND)}).json()["jwks"]["keys"][0]["kid"] == "two"
    with tenant_context(it.tenant.id):
        plain, _ = clients.create_for_tenant(
            tenant_id=it.tenant.id,
            name="Script",
            redirect_uris=[REDIRECT_URI],
            actor=SYSTEM,
            now=timezone.now(),
        )
        assert Client.objects.get(pk=made["id"]).proves_by_key
    assert problem(api("PUT", f"/uflow/v2/clients/{plain.pk}/keys", {"jwks": public(FIRST)})) == (
        409,
        "conflict",
    )
    assert problem(api.get(f"/uflow/v2/clients/{it.client.pk}/keys")) == (404, "not-found")


def test_the_api_makes_a_client_for_devices_alone() -> None:  # RFC 8628
    api = api_of(world())
    device = "urn:ietf:params:oauth:grant-type:device_code"
    asked: dict[str, Any] = {"name": "Kiosk", "redirect_uris": []}
    assert problem(api.post("/uflow/v2/clients", asked)) == (422, "invalid")
    made = api.post("/uflow/v2/clients", asked | {"grant_types": [device]}).json()
    assert (made["grant_types"], made["redirect_uris"]) == ([device], [])
    assert problem(api.post("/uflow/v2/clients", asked | {"grant_types": ["refresh_token"]})) == (
        422,
        "invalid",
    )


def test_an_own_client_gets_in_by_a_code_and_proves_itself_by_keys_that_are_changed_on_its_page() -> None:
    """RFC 8628 §3.1 and RFC 7523 §2.2, set in the console."""
    it = world()
    browser = cast.signed_in(cast.person(OWNER))
    form = {"name": "Kiosk", "ways": ["device"], "auth_method": "private_key_jwt"}
    for wrong, words in (
        ({}, "either as jwks or as jwks_uri"),
        ({"jwks": "{"}, "not JSON"),
        ({"ways": ["browser"], "jwks": json.dumps(public(FIRST))}, "Name at least one"),
        ({"ways": []}, "Tick at least one"),
    ):
        answer = browser.post(f"{CLIENTS}new/", form | wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode(), wrong
    made = browser.post(f"{CLIENTS}new/", form | {"jwks": json.dumps(public(FIRST))})
    assert made.status_code == 302, made.content
    with system_context():
        it.client = Client.objects.get(name="Kiosk")
    assert (it.client.grant_types, it.client.redirect_uris) == (["refresh_token", DEVICE_CODE], "")
    here = f"{CLIENTS}{it.client.pk}/"
    page = html(browser.get(here))
    for words in ("by a code that a device shows", "by a key (private_key_jwt)", "<code>one</code>"):
        assert words in page
    assert "New secret" not in page
    assert browser.post(f"{here}rotate/", {}).status_code == 302, "no secret beside a key"
    assert begin(it, **proof_of(it, FIRST)).status_code == 200

    assert browser.post(f"{here}keys/", {"jwks": json.dumps(public(SECOND))}).status_code == 302
    assert begin(it, **proof_of(it, FIRST)).status_code == 401
    assert begin(it, **proof_of(it, SECOND)).status_code == 200
    assert browser.post(f"{here}keys/remove/", {}).status_code == 302
    assert "by nothing" in html(browser.get(here))
    assert begin(it, **proof_of(it, SECOND)).status_code == 401

    changed = {"name": "Kiosk", "ways": ["browser"], "redirect_uris": REDIRECT_URI}
    assert browser.post(f"{here}edit/", changed).status_code == 302
    with system_context():
        it.client.refresh_from_db()
    assert it.client.grant_types == ["authorization_code", "refresh_token"]
    assert "in their browser" in html(browser.get(here))


def proof_of(it: World, key: Any) -> dict[str, str]:
    return {"client_assertion": assertion(it.client.client_id, key), "client_assertion_type": TYPE}
