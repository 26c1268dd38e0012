"""Where a client’s keys come from: given when it registers, at a URL, in its document (RFC 7517, RFC 7591 §2)."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone
from joserfc.jwk import ECKey, KeySet

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from oauth.clients import creation as clients
from oauth.clients import key_changes as client_key_changes
from oauth.clients import keys as client_keys
from oauth.documents import clients as documents
from oauth.models import Client
from oauth.outbound import fetch
from tests.oauth.assertions import (
    FIRST,
    KEYS_URL,
    RSA,
    SECOND,
    TYPE,
    WEAK,
    ask,
    assertion,
    public,
    refused,
    register,
    robot,
)
from tests.oauth.internet import GOOD, URL, Internet
from tests.oauth.world import ED, REDIRECT_URI, World, public_client, world

pytestmark = pytest.mark.django_db


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
