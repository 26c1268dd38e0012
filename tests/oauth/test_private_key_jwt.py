"""Clients that prove themselves by a key of their own: private_key_jwt (RFC 7523 §2.2, §3; OpenID Connect Core §9)."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from oauth import cleanup
from oauth.clients import creation as clients
from oauth.clients import key_changes as client_key_changes
from oauth.clients import keys as client_keys
from oauth.models import UsedAssertion
from tests.oauth.assertions import (
    ED25519,
    FIRST,
    RSA,
    SECOND,
    TYPE,
    ask,
    assertion,
    public,
    refused,
    robot,
)
from tests.oauth.world import account, basic, world

pytestmark = pytest.mark.django_db


def test_a_service_account_gets_a_token_by_its_key() -> None:  # RFC 7523 §2.2
    it = world()
    client, _ = robot(it)
    answer = ask(it, assertion(client.client_id))
    assert answer.status_code == 200, answer.content
    assert it.facts(answer.json()["access_token"])["client_id"] == client.client_id
    assert (
        ask(it, assertion(client.client_id), client_id=client.client_id).status_code == 200
    )  # RFC 7521 §4.2


@pytest.mark.parametrize(
    ("key", "alg"), [(FIRST, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED25519, "Ed25519")]
)
def test_each_algorithm_of_the_metadata_works(key: Any, alg: str) -> None:  # RFC 8414 §2
    it = world()
    client, _ = robot(it, client_keys.read_keys(public(key), None))
    answer = ask(it, assertion(client.client_id, key, {"alg": alg}))
    assert answer.status_code == 200, answer.content
    metadata = Browser().get("/.well-known/oauth-authorization-server").json()
    assert alg in metadata["token_endpoint_auth_signing_alg_values_supported"]
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    assert "none" not in metadata["token_endpoint_auth_signing_alg_values_supported"]


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "somebody"}, "iss and sub"),  # RFC 7523 §3, rules 1 and 2
        ({"iss": None}, "iss and sub"),
        ({"aud": None}, "aud"),  # rule 3
        ({"aud": "https://elsewhere.example"}, "aud"),
        ({"aud": f"{settings.ISSUER}/oauth/token"}, "aud"),  # rfc7523bis §4: not the token endpoint
        ({"aud": [settings.ISSUER, "https://elsewhere.example"]}, "aud"),  # and nothing besides the issuer
        ({"aud": {"iss": settings.ISSUER}}, "aud"),
        ({"exp": None}, "exp"),  # rule 4
        ({"exp": "soon"}, "number"),
        ({"exp": True}, "number"),
        ({"exp": -1}, "number"),
        ({"exp": 1e300}, "number"),
        ({"exp": -40}, "over"),
        ({"exp": 400, "iat": None}, "too late"),
        ({"exp": 3600, "iat": -400}, "over"),  # whatever exp says, five minutes after iat
        ({"nbf": 60}, "future"),  # rule 5
        ({"iat": 60}, "future"),  # rule 6
        ({"jti": None}, "jti"),  # rule 7, required here
        ({"jti": 7}, "jti"),
        ({"jti": "j" * 256}, "jti"),
    ],
)
def test_an_assertion_with_a_wrong_claim_proves_nothing(claims: dict[str, Any], words: str) -> None:
    """RFC 7523 §3. Small numbers are seconds from now."""
    it = world()
    client, _ = robot(it)
    moved = {
        name: int(time.time()) + value
        if name in ("exp", "iat", "nbf") and type(value) is int and value != -1
        else value
        for name, value in claims.items()
    }
    refused(ask(it, assertion(client.client_id, **moved)), words)
    with system_context():
        assert not UsedAssertion.objects.exists()


@pytest.mark.parametrize(
    "claims", [{"exp": 3600}, {"exp": -20, "iat": -60}, {"nbf": 20, "iat": 20}, {"aud": 0}]
)
def test_clocks_may_differ_by_half_a_minute_and_libraries_may_be_generous(claims: dict[str, int]) -> None:
    it = world()
    client, _ = robot(it)
    moved: dict[str, Any] = {name: int(time.time()) + seconds for name, seconds in claims.items()}
    if "aud" in claims:
        moved["aud"] = [settings.ISSUER]  # the same one value, as some libraries write it
    assert ask(it, assertion(client.client_id, **moved)).status_code == 200


@pytest.mark.parametrize(
    ("header", "key", "words"),
    [
        ({"kid": "two"}, FIRST, "kid"),
        ({"typ": "at+jwt"}, FIRST, "typ"),  # RFC 8725 §3.11
        ({"kid": "one"}, SECOND, "signature"),
        ({"alg": "RS256", "kid": "one"}, RSA, "kid"),
        ({"alg": "HS256", "kid": "one"}, OctKey.import_key("s" * 64), "alg"),
        ({"alg": "ES384", "kid": "one"}, ECKey.generate_key("P-384"), "alg"),
    ],
)
def test_an_assertion_by_another_key_or_algorithm_proves_nothing(
    header: dict[str, Any], key: Any, words: str
) -> None:
    """RFC 7523 §3, rules 9 and 10; RFC 8725 §3.1."""
    it = world()
    client, _ = robot(it)
    refused(ask(it, assertion(client.client_id, key, header)), words)


def test_an_unsigned_or_mangled_assertion_proves_nothing() -> None:  # RFC 8725 §2.1
    it = world()
    client, _ = robot(it)
    good = assertion(client.client_id)
    head, claims, signature = good.split(".")
    unsigned = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    other = assertion(client.client_id, iat=1).split(".")[1]
    refused(ask(it, f"{unsigned}.{claims}."), "alg")
    refused(ask(it, f"{head}.{claims}."), "signature")
    refused(ask(it, f"{head}.{other}.{signature}"), "signature")
    for text in ("x", "a.b.c", "..", "e30.e30.e30", "W10.W10.x", good + ".x", good + "x" * 9000):
        assert ask(it, text).status_code == 401, text
    assert ask(it, good).status_code == 200, "nothing of this used the good one up"


@pytest.mark.parametrize("name", ["sub", "jti", "kid"])
def test_half_a_character_in_an_assertion_is_refused_like_any_nonsense(name: str) -> None:  # RFC 8725 §2.7
    it = world()
    client, _ = robot(it)
    header = {"alg": "ES256"} | ({"kid": "\ud800"} if name == "kid" else {})
    named = {"iss": client.client_id, "sub": client.client_id, "aud": settings.ISSUER, "jti": "one"}
    claims = named | {"exp": int(time.time()) + 60} | ({} if name == "kid" else {name: "\ud800"})
    refused(ask(it, jws.serialize_compact(header, json.dumps(claims), FIRST)), "signed JWT")


def test_an_assertion_is_good_once() -> None:  # RFC 7523 §3, rule 7
    it = world()
    client, _ = robot(it)
    proof = assertion(client.client_id, jti="the-one")
    assert ask(it, proof).status_code == 200
    refused(ask(it, proof), "used before")
    refused(ask(it, assertion(client.client_id, jti="the-one", exp=int(time.time()) + 90)), "used before")
    with system_context():
        kept = UsedAssertion.objects.get()
    assert cleanup.delete_expired(now=kept.expires_at)["oauth_usedassertion"] == 0
    assert cleanup.delete_expired(now=kept.expires_at + timedelta(seconds=1))["oauth_usedassertion"] == 1


def test_a_client_authenticates_in_one_way() -> None:  # RFC 6749 §2.3, RFC 7521 §4.2
    it = world()
    client, secret = robot(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    both = {"client_assertion_type": TYPE, "client_assertion": assertion(client.client_id)}
    refused(it.post(form | both, **basic(client.client_id, secret)), "one way", "invalid_request", 400)
    refused(ask(it, both["client_assertion"], client_secret=secret), "one way", "invalid_request", 400)
    refused(ask(it, both["client_assertion"], client_id="another"), "client_id")
    refused(ask(it, both["client_assertion"], client_assertion_type="jwt"), "client_assertion_type")
    refused(ask(it, both["client_assertion"], client_assertion_type=None), "client_assertion_type")
    refused(ask(it, None), "client_assertion")


def test_a_key_leaves_no_weaker_way_in() -> None:
    it = world()
    client, secret = robot(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    assert it.post(form, **basic(client.client_id, secret)).status_code == 401
    assert it.post(form | {"client_id": client.client_id, "client_secret": secret}).status_code == 401
    assert it.post(form | {"client_id": client.client_id}).status_code == 401
    with tenant_context(it.tenant.id), pytest.raises(clients.ProvesByKey):
        clients.rotate_secret(tenant_id=it.tenant.id, client_id=client.pk, actor=SYSTEM, now=timezone.now())
    other, _, _ = account(world("other-corp"))
    refused(ask(it, assertion(other.client_id)), "did not register private_key_jwt")
    refused(ask(it, assertion(it.client.client_id)), "did not register private_key_jwt")
    refused(ask(it, assertion("nobody")), "unknown")


def test_keys_are_rotated_with_an_overlap_and_taken_away() -> None:
    it = world()
    client, _ = robot(it)
    named: dict[str, Any] = {"tenant_id": it.tenant.id, "client_id": client.pk, "actor": SYSTEM}
    for keys, good in (([FIRST, SECOND], [FIRST, SECOND]), ([SECOND], [SECOND])):
        with tenant_context(it.tenant.id):
            given = client_keys.read_keys(public(*keys), None)
            client_key_changes.set_keys(**named, keys=given, now=timezone.now())
            client_key_changes.set_keys(**named, keys=given, now=timezone.now())
        for key in (FIRST, SECOND):
            answer = ask(it, assertion(client.client_id, key))
            assert (answer.status_code == 200) == (key in good), answer.content
    with tenant_context(it.tenant.id):
        client_key_changes.remove_keys(**named, now=timezone.now())
        told = list(Event.objects.filter(target_id=str(client.pk)).order_by("at", "id"))
    assert [event.action for event in told][-4:] == ["client.keys_set"] * 3 + ["client.keys_removed"]
    assert (told[-2].before["keys"], told[-2].after["keys"]) == (["one", "two"], ["two"])
    refused(ask(it, assertion(client.client_id, SECOND)), "did not register")
    with tenant_context(it.tenant.id):
        secret = clients.rotate_secret(**named, now=timezone.now())
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    assert it.post(form, **basic(client.client_id, secret)).status_code == 200
