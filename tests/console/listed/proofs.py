"""How clients and resources prove themselves."""

import secrets
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.console.listed.endpoints import introspection_endpoint, send
from tests.oauth.world import ED, REDIRECT_URI, World, basic

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "one"}),
    "RS256": lambda: RSAKey.generate_key(2048, {"kid": "one"}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": "one"}),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", {"kid": "one"}),
}


@cache
def key_for(alg: str) -> Any:
    """A key of this algorithm, made once: RSA takes its time."""
    assert alg in KEYS, (
        f"{alg} is listed: add how to make such a key to KEYS in tests/console/listed/proofs.py"
    )
    return KEYS[alg]()


def registered(method: str, key: Any = None) -> dict[str, Any]:
    """A client that registered itself for this method."""
    document: dict[str, Any] = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method}
    document["grant_types"] = ["authorization_code", "refresh_token"]
    if key:
        document["jwks"] = {"keys": [key.as_dict(private=False)]}
    answer = Browser().post("/oauth/register", document, content_type="application/json")
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


def proof(client: dict[str, Any], method: str, key: Any, alg: str) -> tuple[dict[str, str], dict[str, str]]:
    """The form's members and the headers by which a client proves itself."""
    named = {"client_id": client["client_id"]}
    if method == "none":
        return named, {}
    if method == "client_secret_basic":
        return {}, basic(client["client_id"], client["client_secret"])
    if method == "client_secret_post":
        return named | {"client_secret": client["client_secret"]}, {}
    assert method == "private_key_jwt", f"{method} is listed: teach tests/console/listed/proofs.py to use it"
    now = int(time.time())
    claims = {"iss": client["client_id"], "sub": client["client_id"], "aud": settings.ISSUER}
    claims |= {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(12)}  # type: ignore[dict-item]
    header = {"alg": alg, "kid": "one", "typ": "client-authentication+jwt"}
    signed = jwt.encode(header, claims, key, algorithms=[alg])
    return named | {"client_assertion_type": ASSERTION, "client_assertion": signed}, {}


def proves(it: World, method: str, alg: str = "ES256") -> None:
    """A client of this method gets a token and revokes it: both endpoints list the same methods."""
    key = key_for(alg) if method == "private_key_jwt" else None
    client = registered(method, key)
    it.client.client_id = client["client_id"]
    code, verifier = it.consent(it.signed_in(ED))
    form, headers = proof(client, method, key, alg)
    asked = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    answer = it.post({**asked, "redirect_uri": REDIRECT_URI, **form}, **headers)
    assert answer.status_code == 200, answer.content
    token = answer.json()["access_token"]
    if method != "none":
        unproved = send("/oauth/revoke", {"token": token, "client_id": client["client_id"]})
        assert unproved.status_code == 401
    form, headers = proof(client, method, key, alg)
    assert send("/oauth/revoke", {"token": token, **form}, **headers).status_code == 200
    assert it.facts(token) == {"active": False}


def proves_by(it: World, alg: str) -> None:
    proves(it, "private_key_jwt", alg)


def resource_proves(it: World, method: str) -> None:
    assert method == "client_secret_basic"
    introspection_endpoint(it, f"{settings.ISSUER}/oauth/introspect")
