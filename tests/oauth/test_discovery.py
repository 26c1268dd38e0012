"""What strangers' clients find first: metadata and registration."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from authsec.database.context import system_context
from oauth.models import Client
from tests.oauth.world import REDIRECT_URI, world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["", "/mcp", "/oauth/token"])
def test_the_metadata_names_the_bare_issuer_and_only_what_works(path: str) -> None:  # RFC 8414 §3.3
    answer = Browser().get(f"/.well-known/oauth-authorization-server{path}")
    assert answer["Access-Control-Allow-Origin"] == "*"
    document = answer.json()
    assert document["issuer"] == settings.ISSUER
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert set(document["grant_types_supported"]) >= {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    }
    assert not {"implicit", "password"} & set(document["grant_types_supported"])
    assert document["registration_endpoint"] == f"{settings.ISSUER}/oauth/register"


def test_an_application_publishes_what_it_should_say_of_itself() -> None:  # RFC 9728 §2
    it = world()
    document = Browser().get(f"/applications/{it.application.id}/protected-resource-metadata").json()
    assert document["resource"] == it.resource
    assert document["authorization_servers"] == [settings.ISSUER]
    assert document["scopes_supported"] == ["read", "run", "write"]
    unknown = "01999999-9999-7999-8999-999999999999"
    assert Browser().get(f"/applications/{unknown}/protected-resource-metadata").status_code == 404


def register(document: Any) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document)
    return Browser().post("/oauth/register", body, content_type="application/json")


def test_an_unknown_client_registers_itself() -> None:  # RFC 7591 §3.2.1
    answer = register(
        {
            "client_name": "Claude Code",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code"],
            "surprise": {"deep": [1, 2]},
            "software_id": "x",
        }
    )
    assert answer.status_code == 201
    document = answer.json()
    assert document["client_id_issued_at"] > 0
    assert "client_secret" not in document
    assert "surprise" not in document
    assert document["software_id"] == "x"
    with system_context():
        client = Client.objects.get(client_id=document["client_id"])
    assert client.tenant_id is None
    assert client.registration_source == "dcr"


def test_a_confidential_client_gets_a_secret_that_is_kept_as_a_digest() -> None:  # RFC 7591 §3.2.1
    document = register({"redirect_uris": ["https://app.example/cb"]}).json()
    assert document["token_endpoint_auth_method"] == "client_secret_basic"
    assert document["client_secret_expires_at"] == 0
    with system_context():
        kept = Client.objects.get(client_id=document["client_id"]).client_secret
    assert document["client_secret"] not in kept


GOOD = {"redirect_uris": [REDIRECT_URI]}


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:1234/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
    ],
)
def test_these_redirect_uris_may_be_registered(uri: str) -> None:  # RFC 8252 §7
    assert register({"redirect_uris": [uri]}).status_code == 201


@pytest.mark.parametrize(
    "uris",
    [
        None,
        [],
        "https://app.example/cb",
        [1],
        [None],
        ["http://app.example/cb"],
        ["https://app.example/cb#x"],
        ["https://user@app.example/cb"],
        ["https:///cb"],
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["vbscript:x"],
        ["about:blank"],
        ["https://app.example/cb x"],
        ["https://app.example/\x00"],
        ["https://*.app.example/cb"],
        ["https://app.example;script-src/cb"],
        ["https://app.example,default-src/cb"],
        ["https://app.example'/cb"],
        ["https://[::1/cb"],
        ["https://app.example/" + "a" * 3000],
        ["https://app.example/cb"] * 30,
        ["/cb"],
    ],
)
def test_these_redirect_uris_are_refused(uris: Any) -> None:  # RFC 7591 §3.2.2
    answer = register({"redirect_uris": uris})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "document",
    [
        GOOD | {"client_name": "x\x00y"},
        GOOD | {"client_name": "a" * 500},
        GOOD | {"client_name": "\u202eevil"},
        GOOD | {"client_name": ["x"]},
        GOOD | {"token_endpoint_auth_method": "private_key_jwt"},
        GOOD | {"token_endpoint_auth_method": ["none"]},
        GOOD | {"grant_types": ["implicit"]},
        GOOD | {"grant_types": "authorization_code"},
        GOOD | {"response_types": ["token"]},
        [],
        "text",
        b"\xff\xfe",
        b"{",
        b"[" * 50_000,
    ],
)
def test_hostile_registrations_are_a_400(document: Any) -> None:  # RFC 7591 §3.2.2, §5
    answer = register(document)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


def test_a_member_written_as_null_counts_as_left_out() -> None:
    answer = register(GOOD | {"grant_types": None, "response_types": None, "client_name": None})
    assert answer.status_code == 201
    assert answer.json()["grant_types"] == ["authorization_code"]


def test_a_number_too_large_for_json_does_no_harm() -> None:
    answer = register(b'{"redirect_uris": ["https://a.example/"], "software_id": 1e999}')
    assert answer.status_code == 201
    assert "software_id" not in answer.json()


def test_odd_members_do_no_harm() -> None:  # RFC 7591 §2: what is not understood is ignored
    odd = {
        "contacts": ["\x00"],
        "logo_uri": {"a": 1},
        "client_uri": "javascript:x",
        "scope": "a" * 9000,
        "tos_uri": 1,
    }
    assert register(GOOD | odd).status_code == 201
    assert register(b'{"redirect_uris": ["https://a.example/"], "software_id": "\\ud800"}').status_code in (
        201,
        400,
    )


def test_a_huge_registration_is_refused() -> None:
    assert register(GOOD | {"x": "a" * 70_000}).status_code == 413


def test_registration_is_a_switch_of_the_installation(settings: Any) -> None:
    settings.CLIENT_REGISTRATION = False
    assert register(GOOD).status_code == 404
    assert "registration_endpoint" not in Browser().get("/.well-known/oauth-authorization-server").json()


def test_a_get_is_no_registration() -> None:  # RFC 7591 §3.1
    assert Browser().get("/oauth/register").status_code == 405


def test_registration_is_limited_by_address() -> None:  # RFC 7591 §5
    codes = [
        Browser().post(
            "/oauth/register", json.dumps(GOOD), content_type="application/json", REMOTE_ADDR="192.0.2.1"
        )
        for _ in range(61)
    ]
    assert {answer.status_code for answer in codes[:60]} == {201}
    assert codes[60].status_code == 429
    assert codes[60]["Retry-After"]
    assert register(GOOD).status_code == 201
