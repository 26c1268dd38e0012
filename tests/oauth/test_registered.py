"""A client manages its own registration (RFC 7592)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from oauth import cleanup
from oauth.clients import creation as clients
from oauth.models import Client, ClientApproval, ClientPolicy
from tests.oauth.world import ED, REDIRECT_URI, world

pytestmark = pytest.mark.django_db
ASKED = {
    "client_name": "Desk",
    "redirect_uris": [REDIRECT_URI],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
}


def register(**changes: Any) -> dict[str, Any]:
    answer = Browser().post("/oauth/register", ASKED | changes, content_type="application/json")
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


def send(method: str, told: dict[str, Any], document: Any = None, token: str | None = None) -> Any:
    address = told["registration_client_uri"]
    assert address.startswith(f"{settings.ISSUER}/oauth/register/")
    bearer = told["registration_access_token"] if token is None else token
    return Browser().generic(
        method,
        address.removeprefix(settings.ISSUER),
        "" if document is None else json.dumps(document),
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}"},
    )


def test_a_client_reads_what_is_registered() -> None:  # RFC 7592 §2.1, §3
    told = register(token_endpoint_auth_method="client_secret_basic")
    answer = send("GET", told)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    secrets = {"client_secret", "client_secret_expires_at"}  # only a digest is kept
    assert answer.json() == {name: value for name, value in told.items() if name not in secrets}


def test_a_client_replaces_what_is_registered() -> None:  # RFC 7592 §2.2
    told = register(software_id="old")
    wanted = ASKED | {"client_id": told["client_id"], "redirect_uris": ["http://127.0.0.1/other"]}
    answer = send("PUT", told, wanted)
    assert answer.status_code == 200, answer.content
    assert answer.json()["redirect_uris"] == ["http://127.0.0.1/other"]
    assert "software_id" not in answer.json(), "what is left out is gone"
    with system_context():
        assert Client.objects.get(client_id=told["client_id"]).redirect_uris == "http://127.0.0.1/other"
    assert send("GET", told).json() == answer.json()


def test_a_client_with_a_secret_may_repeat_its_own_and_no_other() -> None:  # RFC 7592 §2.2
    told = register(token_endpoint_auth_method="client_secret_post")
    wanted = ASKED | {"client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_post"}
    assert send("PUT", told, wanted | {"client_secret": told["client_secret"]}).status_code == 200
    for other in ("", "another", "\ud800", ["a list"], 1):
        assert send("PUT", told, wanted | {"client_secret": other}).status_code == 400, other


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"client_id_issued_at": 1},
        {"client_secret": "chosen by the client"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"redirect_uris": ["javascript:alert(1)"]},
    ],
    ids=str,
)
def test_what_a_client_may_not_say_changes_nothing(changes: dict[str, Any]) -> None:  # RFC 7592 §2.2
    told = register()
    refused = send("PUT", told, ASKED | {"client_id": told["client_id"]} | changes)
    assert refused.status_code == 400
    assert refused.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    assert send("GET", told).json() == told
    assert send("PUT", told, [1]).status_code == 400


def test_half_a_character_as_its_secret_is_a_wrong_secret() -> None:  # RFC 7592 §2.2
    told = register(token_endpoint_auth_method="client_secret_basic")
    wanted = ASKED | {"client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_basic"}
    refused = send("PUT", told, wanted | {"client_secret": "\ud800"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")


def test_a_client_cannot_flood_the_logs_of_those_who_met_it() -> None:
    it, told = world(), register()
    with system_context():
        it.client = Client.objects.get(client_id=told["client_id"])
    it.tokens(it.signed_in(ED))
    wanted = ASKED | {"client_id": told["client_id"]}
    answers = [send("PUT", told, wanted | {"client_name": f"Desk {n}"}).status_code for n in range(22)]
    assert answers == [200] * 20 + [429] * 2
    with tenant_context(it.tenant.pk):
        assert Event.objects.filter(tenant_id=it.tenant.pk, action="client.edited").count() == 20


def test_a_client_that_calls_itself_something_else_is_reviewed_again() -> None:
    it, told = world(), register()
    with system_context():
        it.client = Client.objects.get(client_id=told["client_id"])
    with tenant_context(it.tenant.pk):
        ClientPolicy.objects.create(tenant=it.tenant, registration_policy=ClientPolicy.Policy.REVIEW)
        given: dict[str, Any] = {"tenant_id": it.tenant.pk, "client_id": it.client.pk, "actor": SYSTEM}
        clients.approve(**given, now=timezone.now())
    token = it.tokens(it.signed_in(ED))["access_token"]
    wanted = ASKED | {"client_id": told["client_id"]}
    again = it.query(prompt="consent")[0]
    assert send("PUT", told, wanted | {"software_id": "desk"}).status_code == 200
    assert it.signed_in(ED).get(again).status_code == 200, "nobody judges it by that"
    assert send("PUT", told, wanted | {"client_name": "Claude Code"}).status_code == 200
    waits = it.signed_in(ED).get(again)
    assert 'name="scopes"' not in waits.content.decode()
    assert it.facts(token)["active"] is True, "what people allowed goes on"
    with tenant_context(it.tenant.pk):
        assert ClientApproval.objects.get(client=it.client).status == ClientApproval.Status.PENDING
        event = Event.objects.filter(action="client.edited").latest("at")
        assert (event.before["status"], event.after["status"]) == ("approved", "pending")
        clients.approve(**given, now=timezone.now())
    assert 'name="scopes"' in it.signed_in(ED).get(again).content.decode()


def test_deleting_ends_its_tokens_and_is_written_down_where_it_was_used() -> None:  # RFC 7592 §2.3
    it, told = world(), register()
    with system_context():
        it.client = Client.objects.get(client_id=told["client_id"])
    token = it.tokens(it.signed_in(ED))["access_token"]
    assert it.facts(token)["active"] is True
    assert send("DELETE", told).status_code == 204
    assert it.facts(token) == {"active": False}
    assert it.signed_in(ED).get(it.query()[0]).status_code == 400
    assert send("GET", told).status_code == 401
    with tenant_context(it.tenant.pk):
        event = Event.objects.filter(tenant_id=it.tenant.pk, action="client.closed").get()
    assert (event.actor_kind, event.target_id) == ("client", it.client.pk)


def test_what_was_ended_and_never_used_is_cleaned_up() -> None:
    told = register()
    assert send("DELETE", told).status_code == 204
    cleanup.delete_unused_clients(now=timezone.now() + timedelta(days=31))
    with system_context():
        assert not Client.objects.filter(client_id=told["client_id"]).exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_else_manages_it(method: str) -> None:  # RFC 7592 §2: 401, whether the client is there or not
    it, told, other = world(), register(), register()
    anothers = told | {"registration_client_uri": f"{settings.ISSUER}/oauth/register/{it.client.client_id}"}
    for address, token in (
        (told, ""),
        (told, "as_rt_" + "0" * 64),
        (told, "\u00e9"),
        (told, other["registration_access_token"]),
        (anothers, told["registration_access_token"]),
    ):
        refused = send(method, address, ASKED, token)
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"].startswith("Bearer ")
    assert send("GET", told).status_code == 200


def test_the_switch_of_the_installation_counts_here_too(settings: Any) -> None:
    told = register()
    settings.CLIENT_REGISTRATION = False
    assert send("GET", told).status_code == 404
