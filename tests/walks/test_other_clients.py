"""Ordinary OAuth clients: Authlib's, unmodified, and a service account's."""

import secrets
from urllib.parse import urlencode

import httpx
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

from tests.plain_client import newcomer, register
from tests.servers import Service

pytestmark = [pytest.mark.slow]


def test_authlib_gets_refreshes_and_revokes_a_token(service: Service) -> None:
    metadata = service.http.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == service.base_url
    resource = service.application("github-mcp")["resource_uri"]
    registered = register(service, "Authlib")
    redirect_uri = registered["redirect_uris"][0]
    person, _ = newcomer(service)
    with OAuth2Client(
        registered["client_id"],
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
        redirect_uri=redirect_uri,
        scope="pr:read",
        trust_env=False,
        timeout=30,
    ) as client:
        verifier = secrets.token_urlsafe(48)
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, resource=resource
        )
        answer = person.post(person.get(url), "action", action="allow")
        got = client.fetch_token(
            metadata["token_endpoint"],
            authorization_response=answer.headers["location"],
            code_verifier=verifier,
            resource=resource,
            state=state,
        )
        service.keep(verifier, got["access_token"], got["refresh_token"])
        assert service.introspect(got["access_token"], by="github-mcp")["active"] is True

        again = client.refresh_token(metadata["token_endpoint"], got["refresh_token"], resource=resource)
        service.keep(again["access_token"], again["refresh_token"])
        assert again["refresh_token"] != got["refresh_token"]
        assert service.introspect(again["access_token"], by="github-mcp")["scope"] == "pr:read"

        revoked = client.revoke_token(metadata["revocation_endpoint"], token=again["refresh_token"])
        assert revoked.status_code == 200
        assert service.introspect(again["access_token"], by="github-mcp") == {"active": False}


def test_a_service_account_deploys_by_client_credentials(service: Service) -> None:
    bot, application = service.service_account("release-bot"), service.application("deploy-mcp")
    with OAuth2Client(bot["client_id"], bot["client_secret"], trust_env=False, timeout=30) as client:
        got = client.fetch_token(
            service.url("/oauth/token"),
            grant_type="client_credentials",
            resource=application["resource_uri"],
            scope="deploy:run",
        )
    service.keep(got["access_token"])
    answer = service.introspect(got["access_token"], by="deploy-mcp")
    assert answer["active"] is True
    assert answer["scope"] == "deploy:run"
    assert answer["sub"] == bot["id"]
    assert "refresh_token" not in got


def test_authlib_proves_a_service_account_by_its_key(service: Service) -> None:  # RFC 7523 §2.2
    """Authlib's own private_key_jwt, unmodified: it writes an hour into exp, and a new jti for each request."""
    bot, tenant = service.service_account("support-bot"), service.tenant("alex-tools")["id"]
    token_endpoint, api = service.url("/oauth/token"), {"resource": service.url("/api")}
    with OAuth2Client(bot["client_id"], bot["client_secret"], trust_env=False, timeout=30) as client:
        admin = client.fetch_token(token_endpoint, grant_type="client_credentials", **api)
    service.keep(admin["access_token"])
    headers = {"Authorization": f"Bearer {admin['access_token']}", "X-Tenant-ID": tenant}
    name = f"signer {secrets.token_hex(3)}"
    made = service.http.post("/uflow/v2/service-accounts", json={"name": name}, headers=headers).json()
    key = ECKey.generate_key("P-256", {"kid": "walk"})
    answer = service.http.put(
        f"/uflow/v2/service-accounts/{made['id']}/keys",
        json={"jwks": {"keys": [key.as_dict(private=False)]}},
        headers=headers,
    )
    assert answer.json()["token_endpoint_auth_method"] == "private_key_jwt", answer.text
    with OAuth2Client(
        made["client_id"], key, token_endpoint_auth_method="private_key_jwt", trust_env=False, timeout=30
    ) as client:
        client.register_client_auth_method(
            PrivateKeyJWT(service.base_url, alg="ES256", headers={"kid": "walk"})
        )
        for _ in range(2):
            got = client.fetch_token(token_endpoint, grant_type="client_credentials", **api)
            service.keep(got["access_token"])
            assert got["scope"] == "api:read api:write"
    with (
        OAuth2Client(made["client_id"], made["client_secret"], trust_env=False, timeout=30) as client,
        pytest.raises(OAuthError, match="invalid_client"),
    ):
        client.fetch_token(token_endpoint, grant_type="client_credentials", **api)


def test_a_service_account_works_the_management_api_as_the_guide_says(service: Service) -> None:
    bot, tenant = service.service_account("release-bot"), service.tenant("acme-corp")["id"]
    got = service.http.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "resource": service.url("/api"),
            "scope": "api:read api:write",
        },
        auth=(bot["client_id"], bot["client_secret"]),
    ).json()
    service.keep(got["access_token"])
    headers = {"Authorization": f"Bearer {got['access_token']}", "X-Tenant-ID": tenant}
    person, email = newcomer(service)
    person.token(register(service), resource=service.application("github-mcp")["resource_uri"])
    listed = service.http.get(f"/uflow/v2/tenants/{tenant}/end-users", params={"q": email}, headers=headers)
    assert [row["email"] for row in listed.json()["items"]] == [email]
    alice = service.user_id("acme-corp", "alice")
    access = service.http.get(
        f"/uflow/v2/users/{alice}/effective-access", params={"mfa": "true"}, headers=headers
    ).json()
    deploy, github = service.application("deploy-mcp")["id"], service.application("github-mcp")["id"]
    assert set(access["effective"][deploy]) == {"deploy:run", "deploy:status"}
    assert set(access["effective"][github]) == {"pr:read", "pr:write"}
    elsewhere = service.tenant("alex-tools")["id"]
    answer = service.http.get(
        f"/uflow/v2/tenants/{elsewhere}/end-users", headers=headers | {"X-Tenant-ID": elsewhere}
    )
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("tenant-not-in-token")


def test_a_form_that_comes_in_chunks_is_read_like_any_other(service: Service) -> None:
    """RFC 9112 §7.1: a client that does not know a body's length beforehand sends it so."""
    bot, application = service.service_account("release-bot"), service.application("deploy-mcp")

    def post(path: str, auth: tuple[str, str], **form: str) -> httpx.Response:
        body = iter([urlencode(form).encode()[:9], urlencode(form).encode()[9:]])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return service.http.post(path, content=body, headers=headers, auth=auth)

    form = {"grant_type": "client_credentials", "resource": application["resource_uri"]}
    answer = post("/oauth/token", (bot["client_id"], bot["client_secret"]), **form)
    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    token = answer.json()["access_token"]
    service.keep(token)
    credential = application["credential"]
    told = post("/oauth/introspect", (credential["id"], credential["secret"]), token=token)
    assert told.json()["active"] is True
    huge = post("/oauth/token", (bot["client_id"], bot["client_secret"]), grant_type="x" * 100_000)
    assert huge.status_code == 413


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "x" * 100_000},
        {"token": "\x00"},
        {"token": ["a", "b"]},
        {},
    ],
    ids=["huge", "NUL", "twice", "nothing"],
)
def test_bad_input_is_answered_with_a_reason_and_never_breaks(
    service: Service, wrong: dict[str, str]
) -> None:
    credential = service.application("github-mcp")["credential"]
    auth = (credential["id"], credential["secret"])
    for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/token", "/oauth/register"):
        answer = service.http.post(path, data=wrong, auth=auth)
        assert answer.status_code < 500, f"{path} {answer.text[:300]}"
    for path in ("/oauth/authorize", "/accounts/login/", "/t/acme-corp/end-users/"):
        answer = service.http.get(path, params={"client_id": "\x00", "next": "\x00", "q": "\x00"})
        assert answer.status_code < 500, path
    raw = service.http.post(
        "/oauth/introspect",
        content=b"token=\xff\xfe%ff",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=auth,
    )
    assert raw.status_code < 500
