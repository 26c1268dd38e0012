"""What OpenID Connect says of a person."""

from typing import Any

from django.conf import settings
from django.test import Client as Browser
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tenants.signin import ACR_MFA
from tests.oauth.world import ED, World, public_client

ALL = "openid email profile read"


def signed_in(it: World, *, mfa: bool = True, **changes: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The token answer, and the claims of its id_token, whose signature is checked against the published keys."""
    got = it.tokens(it.signed_in(ED, mfa=mfa), **{"scope": ALL, "nonce": "n-1", **changes})
    keys = KeySet.import_key_set(Browser().get("/oauth/jwks").json())
    return got, jwt.decode(got["id_token"], keys, algorithms=["RS256", "ES256"]).claims


def told(token: str) -> dict[str, Any]:
    """What userinfo says."""
    answer = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    found: dict[str, Any] = answer.json()
    return found


def scope(it: World, value: str) -> None:
    """OpenID Connect Core §5.4: the claims come with their scope, and not without it."""
    claims = {"openid": "sub", "email": "email", "profile": "name"}
    assert value in claims, f"{value} is listed: say in tests/console/listed/openid.py which claim it brings"
    got, with_it = signed_in(it)
    assert claims[value] in with_it
    assert claims[value] in told(got["access_token"])
    if value != "openid":
        fewer, without = signed_in(it, scope=ALL.replace(value, "").replace("  ", " "))
        assert claims[value] not in without
        assert claims[value] not in told(fewer["access_token"])


def subject_type(it: World, value: str) -> None:
    """Core §8: a public sub is the same for every client."""
    assert value == "public"
    _, first = signed_in(it)
    it.client = public_client("Another")
    _, second = signed_in(it)
    assert first["sub"] == second["sub"]
    assert first["aud"] != second["aud"]


def signature(it: World, alg: str) -> None:
    it.client = public_client("Chooser", id_token_signed_response_alg=alg)
    got, _ = signed_in(it)
    assert jws.extract_compact(got["id_token"].encode()).headers()["alg"] == alg


def acr(it: World, value: str) -> None:
    _, claims = signed_in(it, mfa=value == ACR_MFA)
    assert claims["acr"] == value


def claim_type(it: World, value: str) -> None:
    """Core §5.6.1: normal claims stand in the token themselves."""
    assert value == "normal"
    assert not {"_claim_names", "_claim_sources"} & set(signed_in(it)[1])


def claim(it: World, name: str) -> None:
    got, claims = signed_in(it)
    assert name in {**claims, **told(got["access_token"])}


def ignores_claims(it: World, value: bool) -> None:
    """Core §5.5: who says false answers as if it had not been sent."""
    assert value is False
    _, claims = signed_in(it, claims='{"id_token": {"phone_number": {"essential": true}}}')
    assert "phone_number" not in claims
    assert claims["iss"] == settings.ISSUER
