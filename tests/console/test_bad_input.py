"""Whatever arrives, on every route, from somebody who may do everything: a 4xx with a reason, never a 500."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests import cast
from tests.console.api import token_of
from tests.console.route_table import API, CONSOLE, OWN, PROTOCOL, PUBLIC, ROWS, SELF
from tests.console.test_every_route import CALLS, url_of, world  # noqa: F401 - a fixture
from tests.console.world import World
from tests.forms import forms

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAMES = [
    "q",
    "status",
    "plan_tier",
    "application",
    "seen",
    "created",
    "sort",
    "cursor",
    "bindings",
    "include_ended",
    "system",
    "own",
    "kind",
    "limit",
    "user",
    "at",
    "mfa",
    "ip",
    "asked",
    "subject",
    "target",
    "actor",
    "action",
    "from",
    "to",
    "next",
    "state",
    "scope",
    "resource",
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "prompt",
    "max_age",
]
JUNK = ["%00", "%FF%FE", "-1", "9" * 30, "%27%22%3C%3E", "a" * 5_000, "1970-13-99T99:99"]
VALUES = ["\x00", "\ud7ff" * 10, "x" * 20_000, "-1", "00000000-0000-0000-0000-000000000000", "[]", "%"]
BODIES: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"\xff\xfe",
    b'{"a": ' * 200 + b"1" + b"}" * 200,
    json.dumps(dict.fromkeys(("name", "reason", "description"), "\x00")).encode(),
    json.dumps(dict.fromkeys(("name", "reason", "scopes", "user_ids", "emails", "conditions"), 5)).encode(),
    json.dumps(
        {"role_id": "x", "user_id": [], "group_id": {}, "application_id": True, "expires_at": "soon"}
    ).encode(),
    json.dumps(
        {"conditions": {"allowed_ip_cidrs": ["nowhere"], "mfa_max_age_s": -1}, "role_id": None}
    ).encode(),
    json.dumps(
        {"status": "king", "plan_tier": 7, "rate_limit_override": "many", "kind": [], "scopes": [1]}
    ).encode(),
]


def calls(*kinds: str, methods: tuple[str, ...]) -> Any:
    chosen = [(path, method) for path, method in CALLS if ROWS[path].kind in kinds and method in methods]
    return pytest.mark.parametrize(("path", "method"), chosen, ids=[f"{m} /{p}" for p, m in chosen])


@pytest.fixture
def owner(world: World) -> Iterator[Client]:  # noqa: F811
    client = cast.signed_in(cast.owner_of(world.ours.tenant))
    client.raise_request_exception = False
    assert settings.SESSION_COOKIE_NAME in client.cookies
    yield client


@calls(CONSOLE, OWN, PUBLIC, PROTOCOL, methods=("GET",))
def test_a_page_survives_any_query(world: World, owner: Client, path: str, method: str) -> None:  # noqa: F811
    url = url_of(path, world.ours.ids)
    for junk in JUNK:
        query = "&".join(f"{name}={junk}" for name in NAMES)
        answer = owner.get(f"{url}?{query}")
        assert answer.status_code < 500, junk[:40]
    assert owner.get(f"{url}?" + "&".join("q=1" for _ in range(50))).status_code < 500


@calls(CONSOLE, OWN, methods=("POST",))
def test_a_form_survives_any_content(world: World, owner: Client, path: str, method: str) -> None:  # noqa: F811
    url = url_of(path, world.ours.ids)
    page = owner.get(url)
    named = {name for form in forms(page.content.decode()) for name in form.data} | {
        "reason",
        "name",
        "people",
    }
    for value in VALUES:
        answer = owner.post(url, dict.fromkeys(named, value))
        assert answer.status_code < 500, repr(value[:40])
    raw = owner.post(url, b"name=%ff%00&reason=\xff", content_type="application/x-www-form-urlencoded")
    assert raw.status_code < 500
    broken = owner.post(url, b"--x\r\nbroken", content_type="multipart/form-data; boundary=x")
    assert broken.status_code < 500


# Where every parameter is optional and unknown ones are ignored, such a form asks for nothing in particular.
NOTHING_REQUIRED = {"oauth/logout"}  # OpenID Connect RP-Initiated Logout 1.0 §2


@calls(PROTOCOL, methods=("POST",))
def test_a_protocol_endpoint_survives_any_body(world: World, path: str, method: str) -> None:  # noqa: F811
    client = Client(raise_request_exception=False)
    url = url_of(path, world.ours.ids)
    for body in BODIES:
        for kind in (
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/form-data",
        ):
            answer = client.generic("POST", url, body, content_type=kind)
            empty = path in NOTHING_REQUIRED and ("form-url" in kind or not body)
            assert (200 if empty else 400) <= answer.status_code < 500, f"{kind} {body[:60]!r}"
    twice = client.generic(
        "POST",
        url,
        b"grant_type=a&grant_type=b&token=1&token=2",
        content_type="application/x-www-form-urlencoded",
    )
    assert 400 <= twice.status_code < 500


@calls(API, SELF, methods=("GET", "POST", "PATCH", "DELETE"))
def test_the_api_survives_any_request_and_says_what_is_wrong(world: World, path: str, method: str) -> None:  # noqa: F811
    client = Client(raise_request_exception=False)
    url = url_of(path, world.ours.ids)
    headers = {
        "Authorization": f"Bearer {token_of(cast.owner_of(world.ours.tenant), ('api:read', 'api:write'))}",
        "X-Tenant-ID": str(world.ours.tenant.pk),
    }
    requests = [(url, body) for body in BODIES] if method in ("POST", "PATCH") else []
    requests += [(f"{url}?" + "&".join(f"{name}={junk}" for name in NAMES), b"") for junk in JUNK]
    for address, body in requests:
        answer = client.generic(method, address, body, content_type="application/json", headers=headers)
        assert answer.status_code < 500, f"{address[-80:]} {body[:60]!r}"
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"]
