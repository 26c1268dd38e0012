"""Client credentials: a service account's tokens, and nobody else's (RFC 6749 §4.4)."""

from typing import Any

import pytest
from django.conf import settings

from authsec.database.context import system_context
from oauth import keys
from oauth.models import Client
from tests import cast
from tests.oauth.world import account, basic, world

pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == code
    assert answer["Cache-Control"] == "no-store"  # RFC 6749 §5.1


def test_a_service_account_gets_a_token_of_its_own() -> None:  # RFC 6749 §4.4
    it = world()
    client, secret, robot = account(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    refused(it.post(form, **basic(client.client_id, secret)), "invalid_scope")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    answer = it.post(form | {"scope": "run write"}, **basic(client.client_id, secret)).json()
    assert answer["scope"] == "run"
    assert "refresh_token" not in answer
    facts = it.facts(answer["access_token"])
    assert facts["sub"] == str(robot.id)
    assert facts["username"] == "release-bot"
    assert "auth_time" not in facts
    posted = it.post(form | {"scope": "run", "client_id": client.client_id, "client_secret": secret})
    assert posted.status_code == 200
    for wrong in (basic(client.client_id, "wrong"), basic("unknown", secret), {"Authorization": "Basic !"}):
        answer = it.post(form, **wrong)
        refused(answer, "invalid_client", 401)
        assert answer["WWW-Authenticate"].startswith("Basic")
    refused(it.post(form | {"resource": None}, **basic(client.client_id, secret)), "invalid_target")
    refused(
        it.post(form | {"resource": "http://localhost/x"}, **basic(client.client_id, secret)),
        "invalid_target",
    )
    both = {"client_id": client.client_id, "client_secret": secret}
    refused(it.post(form | both, **basic(client.client_id, secret)), "invalid_request")


def test_a_service_accounts_management_token_is_a_jwt() -> None:  # RFC 9068
    it = world()
    client, secret, robot = account(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": settings.API_RESOURCE}
    answer = it.post(form | {"scope": "api:read"}, **basic(client.client_id, secret)).json()
    claims = keys.verify(answer["access_token"], settings.API_RESOURCE)
    assert claims["sub"] == str(robot.id)
    assert claims["scope"] == "api:read"
    assert str(it.tenant.id) in claims["tenants"]
    assert it.count() == (0, 0, 0)


def test_nobody_else_may_use_client_credentials() -> None:  # RFC 6749 §4.4
    it = world()
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    refused(it.post(form | {"client_id": it.client.client_id}), "unauthorized_client")


def test_a_person_reaches_the_management_api_through_a_client_approved_for_it() -> None:
    it = world()
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(api_access=True)
    it.client.refresh_from_db()
    browser = it.signed_in("owner@acme-corp.example")
    code, verifier = it.consent(browser, resource=settings.API_RESOURCE, scope="api:read api:write")
    answer = it.exchange(code, verifier, resource=settings.API_RESOURCE).json()
    claims = keys.verify(answer["access_token"], settings.API_RESOURCE)
    assert claims["tenants"][str(it.tenant.id)]["type"] == "owner"
    again = it.refresh(answer["refresh_token"]).json()
    assert keys.verify(again["access_token"], settings.API_RESOURCE)["sub"] == claims["sub"]
    refused(it.refresh(answer["refresh_token"]), "invalid_grant")
    refused(it.refresh(again["refresh_token"]), "invalid_grant")
