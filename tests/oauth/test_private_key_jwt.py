"""Clients that prove themselves by a key of their own: private_key_jwt (RFC 7523 §2.2, §3; OpenID Connect Core §9)."""

import json
import secrets
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from oauth import cleanup, client_key_changes, client_keys, clients
from oauth.documents import clients as documents
from oauth.models import Client, UsedAssertion
from oauth.outbound import fetch
from tests import cast
from tests.oauth.internet import GOOD, URL, Internet
from tests.oauth.world import ED, REDIRECT_URI, World, account, basic, public_client, world

pytestmark = pytest.mark.django_db

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
    assert answer["Cache-Control"] == "no-store"


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


@pytest.mark.parametrize(
    ("jwks", "words"),
    [
        (None, "jwks or as jwks_uri"),
        ({}, "a list"),
        ([], "a list"),
        ({"keys": "x"}, "a list"),
        ({"keys": [1]}, "a list"),
        ({"keys": []}, "no key"),
        ({"keys": [FIRST.as_dict(private=False)] * 21}, "at most 20"),
        ({"keys": [FIRST.as_dict(private=True)]}, "private"),
        ({"keys": [FIRST.as_dict(private=False), RSA.as_dict(private=True)]}, "private"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "private"),
        ({"keys": [WEAK]}, "2048"),
        (public(ECKey.generate_key("P-384")), "P-256"),
        (public(ECKey.generate_key("secp256k1")), "P-256"),
        ({"keys": [FIRST.as_dict(private=False) | {"use": "enc"}]}, "no key"),
        ({"keys": [FIRST.as_dict(private=False) | {"x": "AAAA"}]}, "no key"),
        ({"keys": [FIRST.as_dict(private=False) | {"x": 7}]}, "no key"),
        ({"keys": [FIRST.as_dict(private=False) | {"kid": "\x00"}]}, "no key"),
        ({"keys": [FIRST.as_dict(private=False) | {"kid": "\ud800"}]}, "no key"),
        ({"keys": [{"kty": "RSA"}]}, "no key"),
        ({"keys": [FIRST.as_dict(private=False), RSA.as_dict(private=False) | {"kid": "one"}]}, "same kid"),
    ],
)
def test_these_are_no_keys_to_prove_a_client_by(jwks: Any, words: str) -> None:  # RFC 7517, RFC 7591 §2
    with pytest.raises(client_keys.BadKeys, match=words):
        client_keys.read_keys(jwks, None)
    answer = register(jwks=jwks)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


def register(**members: Any) -> Any:
    document = {
        "client_name": "Signer",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
    } | members
    return Browser().post("/oauth/register", json.dumps(document), content_type="application/json")


def test_a_client_registers_its_keys_and_walks_to_a_token() -> None:  # RFC 7591 §2
    it = world()
    answer = register(jwks=public(FIRST, ECKey.generate_key("P-384")) | {"more": 1}).json()
    assert "client_secret" not in answer
    assert [key["kid"] for key in answer["jwks"]["keys"]] == ["one"], "what can't sign here is left out"
    with system_context():
        it.client = Client.objects.get(client_id=answer["client_id"])
    code, verifier = it.consent(it.signed_in(ED))
    assert it.exchange(code, verifier).status_code == 401, "it is not public"
    proof = {"client_assertion_type": TYPE, "client_assertion": assertion(it.client.client_id)}
    tokens = it.exchange(code, verifier, **proof).json()
    proof["client_assertion"] = assertion(it.client.client_id)
    again = it.refresh(tokens["refresh_token"], **proof).json()
    assert it.facts(again["access_token"])["active"] is True
    form = {"token": again["access_token"], "client_assertion_type": TYPE}
    for used_up in (proof["client_assertion"], assertion(it.client.client_id)):
        gone = Browser().post(
            "/oauth/revoke",
            urlencode(form | {"client_assertion": used_up}),
            content_type="application/x-www-form-urlencoded",
        )
    assert gone.status_code == 200
    assert it.facts(again["access_token"]) == {"active": False}  # RFC 7009 §2


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"jwks": public(FIRST), "jwks_uri": KEYS_URL},  # RFC 7591 §2: not both
        {"jwks_uri": 7},
        {"jwks_uri": "http://client.example/jwks.json"},
        {"jwks_uri": "https://127.0.0.1/jwks.json"},
        {"jwks": public(FIRST), "token_endpoint_auth_signing_alg": "none"},
    ],
)
def test_a_registration_without_one_place_for_keys_is_refused(members: dict[str, Any]) -> None:
    assert register(**members).json()["error"] == "invalid_client_metadata"


def test_a_client_that_registered_one_algorithm_may_use_no_other() -> None:  # OpenID Connect Registration §2
    it = world()
    answer = register(jwks=public(FIRST, RSA), token_endpoint_auth_signing_alg="ES256").json()
    assert answer["token_endpoint_auth_signing_alg"] == "ES256"
    refused(ask(it, assertion(answer["client_id"], RSA, {"alg": "RS256"})), "alg")
    assert ask(it, assertion(answer["client_id"])).json()["error"] == "unauthorized_client", "proved, that is"


def test_without_a_kid_only_one_key_may_fit() -> None:  # OpenID Connect Core §10.1
    it = world()
    client, _ = robot(it, client_keys.read_keys(public(FIRST, RSA), None))
    assert ask(it, assertion(client.client_id, header={"kid": None})).status_code == 200
    with tenant_context(it.tenant.id):
        client_key_changes.set_keys(
            tenant_id=it.tenant.id,
            client_id=client.pk,
            keys=client_keys.read_keys(public(FIRST, SECOND), None),
            actor=SYSTEM,
            now=timezone.now(),
        )
    refused(ask(it, assertion(client.client_id, header={"kid": None})), "kid")


# --- keys at a URL --------------------------------------------------------------------------------


def fetched_robot(it: World, internet: Internet) -> Client:
    internet.pages[KEYS_URL] = public(FIRST)
    return robot(it, client_keys.read_keys(None, KEYS_URL))[0]


def test_keys_at_a_url_are_fetched_once_and_kept(internet: Internet) -> None:  # RFC 7591 §2
    it = world()
    client = fetched_robot(it, internet)
    for _ in range(3):
        assert ask(it, assertion(client.client_id)).status_code == 200
    assert internet.asked == [KEYS_URL]


def test_an_unknown_kid_is_looked_up_once_more_but_seldom(internet: Internet) -> None:
    it = world()
    client = fetched_robot(it, internet)
    assert ask(it, assertion(client.client_id)).status_code == 200
    internet.pages[KEYS_URL] = public(SECOND)
    assert ask(it, assertion(client.client_id, SECOND)).status_code == 200, "rotated, and known at once"
    refused(ask(it, assertion(client.client_id)), "kid")
    for _ in range(5):
        refused(ask(it, assertion(client.client_id)), "kid")
    assert len(internet.asked) == 3, "the first, the rotation, one more; then a minute's rest"


def test_keys_that_do_not_come_are_a_reason_the_client_reads(internet: Internet) -> None:
    it = world()
    client = fetched_robot(it, internet)
    internet.pages[KEYS_URL] = fetch.Unreachable("did not come within 5 seconds")
    refused(ask(it, assertion(client.client_id)), "did not come")
    refused(ask(it, assertion(client.client_id)), "did not come")
    assert internet.asked == [KEYS_URL], "what failed is not tried again for a minute"
    documents.failures.clear()
    internet.pages[KEYS_URL] = {"keys": [FIRST.as_dict(private=True)]}
    refused(ask(it, assertion(client.client_id)), "private")


def test_keys_go_stale_for_a_day_when_their_host_is_away_and_never_when_it_takes_them_back(
    internet: Internet,
) -> None:
    it = world()
    client = fetched_robot(it, internet)
    assert ask(it, assertion(client.client_id)).status_code == 200

    def over_since(**ago: float) -> None:
        with system_context():
            over = timezone.now() - timedelta(**ago)
            Client.objects.filter(pk=client.pk).update(jwks_expires_at=over)
        documents.failures.clear()

    over_since(hours=23)
    internet.pages[KEYS_URL] = fetch.Unreachable("was answered with status 503")
    assert ask(it, assertion(client.client_id)).status_code == 200
    over_since(hours=25)
    refused(ask(it, assertion(client.client_id)), "503")
    over_since(hours=1)
    internet.pages[KEYS_URL] = {"keys": []}
    refused(ask(it, assertion(client.client_id)), "no key")


# --- documents ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["inline", "uri"])
def test_a_client_known_by_its_document_proves_itself_by_the_keys_in_it(
    internet: Internet, where: str
) -> None:  # draft-ietf-oauth-client-id-metadata-document §4.1
    it = world()
    it.client = Client(client_id=URL)
    keyed = GOOD | {"token_endpoint_auth_method": "private_key_jwt"}

    def publish(*keys: Any) -> None:
        internet.pages[URL] = keyed | (
            {"jwks": public(*keys)} if where == "inline" else {"jwks_uri": KEYS_URL}
        )
        internet.pages[KEYS_URL] = public(*keys)

    publish(FIRST)
    code, verifier = it.consent(it.signed_in(ED))
    assert it.exchange(code, verifier).status_code == 401
    proof = {"client_assertion_type": TYPE, "client_assertion": assertion(URL)}
    tokens = it.exchange(code, verifier, **proof).json()
    publish(SECOND)
    proof["client_assertion"] = assertion(URL, SECOND)
    assert it.refresh(tokens["refresh_token"], **proof).status_code == 200, "it rotated its key"
    proof["client_assertion"] = assertion(URL)
    refused(it.refresh(tokens["refresh_token"], **proof), "kid")


def test_a_document_with_a_key_method_needs_keys(internet: Internet) -> None:
    it = world()
    it.client = Client(client_id=URL)
    internet.pages[URL] = GOOD | {"token_endpoint_auth_method": "private_key_jwt"}
    answer = it.signed_in(ED).get(it.query()[0])
    assert answer.status_code == 400
    assert "Give the public keys" in answer.content.decode()


def test_a_public_client_has_no_keys_to_set() -> None:
    it = world()
    with tenant_context(it.tenant.id):
        client, _ = clients.create_for_tenant(
            tenant_id=it.tenant.id,
            name="Script",
            redirect_uris=[REDIRECT_URI],
            actor=SYSTEM,
            now=timezone.now(),
        )
        with pytest.raises(client_key_changes.HasNoProof):
            client_key_changes.set_keys(
                tenant_id=it.tenant.id,
                client_id=client.pk,
                keys=client_keys.read_keys(public(FIRST), None),
                actor=SYSTEM,
                now=timezone.now(),
            )
        with pytest.raises(clients.NoSuchClient):
            client_key_changes.set_keys(
                tenant_id=it.tenant.id,
                client_id=public_client().pk,
                keys=client_keys.read_keys(public(FIRST), None),
                actor=SYSTEM,
                now=timezone.now(),
            )


def test_a_tenant_makes_a_client_of_its_own_with_a_key() -> None:
    it = world()
    with tenant_context(it.tenant.id):
        it.client, secret = clients.create_for_tenant(
            tenant_id=it.tenant.id,
            name="Backend",
            redirect_uris=[REDIRECT_URI],
            auth_method="private_key_jwt",
            jwks=KeySet([FIRST]).as_dict(private=False),
            actor=SYSTEM,
            now=timezone.now(),
        )
    assert secret == ""
    code, verifier = it.consent(it.signed_in(ED))
    proof = {"client_assertion_type": TYPE, "client_assertion": assertion(it.client.client_id)}
    assert it.exchange(code, verifier, **proof).status_code == 200
