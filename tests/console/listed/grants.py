"""Grant types: each gives a token."""

from typing import Any

from django.conf import settings

from oauth.exchange import DEVICE_CODE
from tests.console.listed.endpoints import path, send
from tests.oauth.world import ED, World, account, basic, boxes, public_client, question

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def authorization_code(it: World, value: str) -> None:
    assert it.facts(it.tokens(it.signed_in(ED))["access_token"])["active"] is True


def refresh_token(it: World, value: str) -> None:
    answer = it.refresh(it.tokens(it.signed_in(ED))["refresh_token"])
    assert it.facts(answer.json()["access_token"])["active"] is True


def client_credentials(it: World, value: str) -> None:
    client, secret, _ = account(it)
    form: dict[str, str | None] = {"grant_type": value, "resource": f"{settings.ISSUER}/api"}
    answer = it.post(form, **basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content


def token_exchange(it: World, value: str) -> None:
    client, secret, robot = account(it)
    token = it.tokens(it.signed_in(ED))["access_token"]
    asked = f"client_id={client.client_id}&resource={it.resource}"
    it.signed_in(ED).post(f"/account/connections/give/?{asked}", {"action": "allow", "scopes": ["read"]})
    form: dict[str, str | None] = {"grant_type": value, "subject_token": token}
    form |= {"subject_token_type": ACCESS_TOKEN, "resource": it.resource}
    answer = it.post(form, **basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content
    assert it.facts(answer.json()["access_token"])["act"] == {"sub": str(robot.pk)}


def device_asks(it: World, url: str) -> dict[str, Any]:
    """RFC 8628 §3.1, §3.2: a client that registered for it gets a code, and one for its person to type."""
    it.client = public_client("Console", grant_types=["authorization_code", DEVICE_CODE])
    answer = send(path(url), {"client_id": it.client.client_id, "resource": it.resource})
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def device_code(it: World, value: str) -> None:
    """RFC 8628 §3.4: the device gets its token once somebody allowed it elsewhere."""
    told = device_asks(it, f"{settings.ISSUER}/oauth/device_authorization")
    browser = it.signed_in(ED)
    typed = browser.post(path(told["verification_uri"]), {"user_code": told["user_code"]})["Location"]
    page = browser.get(typed)
    form = {"action": "allow", "question": question(page), "scopes": boxes(page)}
    assert browser.post(typed, form).status_code == 200
    asked = {"grant_type": value, "device_code": told["device_code"], "client_id": it.client.client_id}
    answer = it.post({**asked})
    assert answer.status_code == 200, answer.content
    assert it.facts(answer.json()["access_token"])["active"] is True
