"""Clients that hold a key, and what they send: assertions good and bad (RFC 7523)."""

import json
import re
import secrets
import time
from typing import Any

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from oauth.clients import key_changes as client_key_changes
from oauth.clients import keys as client_keys
from oauth.models import Client
from tests import cast
from tests.oauth.world import REDIRECT_URI, World, account

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS_URL = "https://client.example/jwks.json"
FIRST = ECKey.generate_key("P-256", {"kid": "one"})
SECOND = ECKey.generate_key("P-256", {"kid": "two"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
WEAK = RSA.as_dict(private=False) | {"n": RSA.as_dict(private=False)["n"][:171]}  # 1024 bits
ED25519 = OKPKey.generate_key("Ed25519", {"kid": "ed"})


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def assertion(client_id: str, key: Any = FIRST, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good assertion, with what is given changed; a claim that is None is left out."""
    head = {"alg": "ES256", "kid": key.kid, "typ": "client-authentication+jwt"} | (header or {})
    now = int(time.time())
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": settings.ISSUER,
        "exp": now + 60,
        "iat": now,
        "jti": secrets.token_urlsafe(16),
    } | claims
    head = {name: value for name, value in head.items() if value is not None}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(head, said, key, algorithms=[head["alg"]])


def robot(it: World, keys: client_keys.Keys | None = None) -> tuple[Client, str]:
    """A service account's client that proves itself by FIRST, and the secret that it had before."""
    client, secret, bound = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), bound, it.application)
    with tenant_context(it.tenant.id):
        client = client_key_changes.set_keys(
            tenant_id=it.tenant.id,
            client_id=client.pk,
            keys=keys or client_keys.read_keys(public(FIRST), None),
            actor=SYSTEM,
            now=timezone.now(),
        )
    return client, secret


def ask(it: World, proof: str | None, **more: str | None) -> Any:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    return it.post(form | {"client_assertion_type": TYPE, "client_assertion": proof} | more)


def refused(answer: Any, words: str, code: str = "invalid_client", status: int = 401) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == code
    assert words in answer.json()["error_description"], answer.json()
    assert re.fullmatch(r"[ !#-\[\]-~]+", answer.json()["error_description"])  # RFC 6749 §5.2
    assert answer["Cache-Control"] == "no-store"


def register(**members: Any) -> Any:
    document = {
        "client_name": "Signer",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
    } | members
    return Browser().post("/oauth/register", json.dumps(document), content_type="application/json")
