"""A device's side of RFC 8628, and the person who answers it."""

from typing import Any
from urllib.parse import urlencode

from django.test import Client as Browser

from oauth.exchange import DEVICE_CODE
from oauth.models import Client
from tests.oauth.world import World, boxes, public_client, question, world

GRANTS = ["authorization_code", "refresh_token", DEVICE_CODE]


def device_world() -> World:
    """A world whose client registered for the device grant."""
    it = world()
    it.client = device_client()
    return it


def device_client() -> Client:
    return public_client("Console CLI", grant_types=GRANTS)


def begin(it: World, **changes: str | None) -> Any:
    """The answer of the device authorization endpoint."""
    form = {"client_id": it.client.client_id, "resource": it.resource, **changes}
    body = urlencode({name: value for name, value in form.items() if value is not None})
    return Browser().post(
        "/oauth/device_authorization", body, content_type="application/x-www-form-urlencoded"
    )


def begun(it: World, **changes: str | None) -> tuple[str, str]:
    """A device's code and the one that a person types."""
    answer = begin(it, **changes)
    assert answer.status_code == 200, answer.content
    return answer.json()["device_code"], answer.json()["user_code"]


def poll(it: World, code: str, **changes: str | None) -> Any:
    return it.post(
        {"grant_type": DEVICE_CODE, "device_code": code, "client_id": it.client.client_id, **changes}
    )


def page_of(code: str) -> str:
    return f"/device/allow/?user_code={code}"


def answer(browser: Browser, code: str, action: str = "allow", only: list[str] | None = None) -> Any:
    page = browser.get(page_of(code))
    assert page.status_code == 200, page.content
    ticked = boxes(page) if only is None else only
    return browser.post(page_of(code), {"action": action, "question": question(page), "scopes": ticked})
