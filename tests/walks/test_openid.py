"""OpenID Connect with a client that nobody here wrote: Authlib's, which checks the id_token by itself."""

import secrets

import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.plain_client import newcomer, register
from tests.servers import Service

pytestmark = [pytest.mark.slow]


def checked(
    service: Service, id_token: str, client_id: str, access_token: str, nonce: str | None
) -> CodeIDToken:
    """The claims, after Authlib's own checks of OpenID Connect Core §3.1.3.7."""
    discovered = service.http.get("/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(service.http.get(discovered["jwks_uri"]).json())
    decoded = jwt.decode(id_token, keys, algorithms=discovered["id_token_signing_alg_values_supported"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {"iss": {"values": [discovered["issuer"]]}, "aud": {"value": client_id}},
        {"client_id": client_id, "nonce": nonce, "access_token": access_token},
    )
    claims.validate(leeway=5)
    return claims


def test_authlib_signs_somebody_in_from_discovery_to_userinfo(service: Service) -> None:
    discovered = service.http.get("/.well-known/openid-configuration").json()
    resource = service.application("github-mcp")["resource_uri"]
    registered = register(service, "Authlib")
    person, email = newcomer(service)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    with OAuth2Client(
        registered["client_id"],
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
        redirect_uri=registered["redirect_uris"][0],
        scope="openid email profile pr:read",
        trust_env=False,
        timeout=30,
    ) as client:
        url, state = client.create_authorization_url(
            discovered["authorization_endpoint"], code_verifier=verifier, resource=resource, nonce=nonce
        )
        page = person.get(url)
        assert "See your e-mail address" in page.text
        answer = person.post(page, "action", action="allow")
        got = client.fetch_token(
            discovered["token_endpoint"],
            authorization_response=answer.headers["location"],
            code_verifier=verifier,
            state=state,
        )
        service.keep(verifier, got["access_token"], got["refresh_token"])
        said = checked(service, got["id_token"], registered["client_id"], got["access_token"], nonce)
        assert said["email"] == email
        facts = service.introspect(got["access_token"], by="github-mcp")
        told = client.get(discovered["userinfo_endpoint"]).json()
        assert said["sub"] == told["sub"] == facts["sub"]
        assert told["email"] == email
        assert told["email_verified"] is True

        again = client.refresh_token(discovered["token_endpoint"], got["refresh_token"])
        service.keep(again["access_token"], again["refresh_token"])
        renewed = checked(service, again["id_token"], registered["client_id"], again["access_token"], None)
        assert (renewed["sub"], renewed["auth_time"]) == (said["sub"], said["auth_time"])
