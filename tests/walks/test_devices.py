"""A device without a browser, as its owner meets it: real HTTP, no OAuth library (RFC 8628)."""

from typing import Any

import httpx
import pytest

from oauth.exchange import DEVICE_CODE
from tests.plain_client import Person, newcomer, register
from tests.servers import Service

pytestmark = [pytest.mark.slow]


def begin(service: Service, client_id: str, **asked: str) -> dict[str, Any]:
    discovered = service.http.get("/.well-known/oauth-authorization-server").json()
    answer = service.http.post(
        discovered["device_authorization_endpoint"], data={"client_id": client_id, **asked}
    )
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    service.keep(said["device_code"], said["user_code"])
    return said


def poll(service: Service, client_id: str, said: dict[str, Any]) -> httpx.Response:
    form = {"grant_type": DEVICE_CODE, "device_code": said["device_code"], "client_id": client_id}
    return service.http.post("/oauth/token", data=form)


def allow(person: Person, said: dict[str, Any]) -> str:
    """Open the link that the device shows, press on, read, allow; the last page's text."""
    asked = person.post(person.get(said["verification_uri_complete"]), "user_code")
    assert said["user_code"] in asked.text
    assert "If somebody sent you the code" in asked.text
    return person.post(asked, "action", action="allow").text


def test_a_television_gets_a_token_for_an_application(service: Service) -> None:
    client = register(service, "Television", grant_types=[DEVICE_CODE, "refresh_token"])
    said = begin(
        service,
        client["client_id"],
        resource=service.application("github-mcp")["resource_uri"],
        scope="pr:read",
    )
    assert poll(service, client["client_id"], said).json()["error"] == "authorization_pending"
    person, _ = newcomer(service)
    assert "Go back to your device" in allow(person, said)
    got = poll(service, client["client_id"], said).json()
    service.keep(got["access_token"], got["refresh_token"])
    facts = service.introspect(got["access_token"], by="github-mcp")
    assert (facts["active"], facts["scope"]) == (True, "pr:read")
    assert poll(service, client["client_id"], said).json()["error"] == "invalid_grant"


def test_the_command_line_of_the_demo_reaches_the_management_api(service: Service) -> None:
    said = begin(service, "authsec-cli", resource=service.url("/api"))
    person, email = newcomer(service)
    allow(person, said)
    got = poll(service, "authsec-cli", said).json()
    service.keep(got["access_token"], got["refresh_token"])
    assert got["scope"] == "api:read api:write"
    me = service.http.get("/api/me", headers={"Authorization": f"Bearer {got['access_token']}"})
    assert me.json()["email"] == email
