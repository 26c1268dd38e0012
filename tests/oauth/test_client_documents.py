"""A client whose id is the URL of its document: known at first sight, kept, read again, refused with the rule."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from oauth import cleanup
from oauth.clients import creation as clients
from oauth.documents import clients as documents
from oauth.documents import rules
from oauth.models import Client, ClientApproval, ClientPolicy, Decision
from oauth.outbound import fetch
from oauth.outbound.location import Wrong, read_location
from tests import cast
from tests.oauth.internet import GOOD, URL, Internet
from tests.oauth.world import ED, World, world

pytestmark = pytest.mark.django_db


def document_world() -> World:
    """A world whose client is the one at URL, of which no row exists yet."""
    it = world()
    it.client = Client(client_id=URL)
    return it


def kept() -> Client:
    with system_context():
        return Client.objects.get(client_id=URL)


def expire(seconds: float = 1) -> None:
    """Let the document's time be over since so many seconds."""
    with system_context():
        Client.objects.filter(client_id=URL).update(
            cimd_expires_at=timezone.now() - timedelta(seconds=seconds)
        )
    documents.failures.clear()


def read(document: Any) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return rules.read_document(read_location(URL), body)


def test_the_metadata_says_that_documents_are_read(settings: Any) -> None:  # draft §6
    path = "/.well-known/oauth-authorization-server"
    assert Browser().get(path).json()["client_id_metadata_document_supported"] is True
    settings.CLIENT_DOCUMENTS = False
    assert "client_id_metadata_document_supported" not in Browser().get(path).json()


def test_a_client_nobody_registered_gets_a_token_by_its_document(internet: Internet) -> None:  # draft §3
    it = document_world()
    answer = it.tokens(it.signed_in(ED))
    client = kept()
    assert (client.tenant_id, client.registration_source, client.client_type) == (None, "cimd", "public")
    assert client.document_fetched_at is not None
    assert client.cimd_expires_at == client.document_fetched_at + timedelta(hours=1)
    assert it.facts(answer["access_token"])["client_id"] == URL
    assert it.facts(answer["access_token"])["client_name"] == "Claude"
    assert it.refresh(answer["refresh_token"]).status_code == 200
    assert internet.asked == [URL], "one fetch for the whole walk"
    with tenant_context(it.tenant.id):
        assert {row.client_name for row in Decision.objects.all()} == {"Claude (client.example)"}
        given = Event.objects.get(action="consent.given")
    assert given.after["client_host"] == "client.example"


def test_the_consent_page_names_the_checked_host_and_hot_links_nothing(internet: Internet) -> None:
    it = document_world()
    page = it.signed_in(ED).get(it.query()[0])
    text = page.content.decode()
    assert "<b>client.example</b>" in text
    assert "host checked" in text
    assert "any can call itself \u2068Claude\u2069 of client.example" in text, (
        "loopback: the host proves no program"
    )
    assert "elsewhere.example" not in text
    assert "img-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (GOOD | {"client_id": "https://client.example/other.json"}, "client_id"),
        (GOOD | {"client_id": URL + "/"}, "client_id"),
        (GOOD | {"client_id": URL.upper()}, "client_id"),
        (GOOD | {"client_id": None}, "client_id"),
        ({k: v for k, v in GOOD.items() if k != "client_id"}, "client_id"),
        ({k: v for k, v in GOOD.items() if k != "redirect_uris"}, "redirect_uris"),
        (GOOD | {"redirect_uris": []}, "redirect_uris"),
        (GOOD | {"redirect_uris": ["http://app.example/cb"]}, "loopback"),
        (GOOD | {"redirect_uris": ["javascript:alert(1)"]}, "redirect URI"),
        (GOOD | {"token_endpoint_auth_method": "client_secret_basic"}, "none"),
        (GOOD | {"token_endpoint_auth_method": "private_key_jwt"}, "jwks or as jwks_uri"),
        (GOOD | {"token_endpoint_auth_method": None}, "none"),
        (GOOD | {"client_secret": "x"}, "client_secret"),
        (GOOD | {"client_secret_expires_at": 0}, "client_secret_expires_at"),
        (GOOD | {"client_name": 7}, "client_name"),
        (GOOD | {"client_name": "a" * 101}, "client_name"),
        (GOOD | {"client_name": "\u202eedualC"}, "client_name"),
        (GOOD | {"logo_uri": ["x"]}, "logo_uri"),
        (GOOD | {"tos_uri": "https://client.example/" + "a" * 500}, "tos_uri"),
        (GOOD | {"policy_uri": {}}, "policy_uri"),
        (GOOD | {"grant_types": ["client_credentials"]}, "grant_types"),
        (GOOD | {"grant_types": "authorization_code"}, "grant_types"),
        (GOOD | {"response_types": ["token"]}, "response_types"),
        ([GOOD], "JSON object"),
        (b"{", "JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"client_id": NaN}', "JSON"),
        (b'{"client_id": 1e9, "client_id": "x"}', "each member once"),
        (b'{"a": ' + b"[" * 16_000, "JSON"),
        (b'{"a": ' + b"9" * 9_000 + b"}", "JSON"),
    ],
)
def test_this_document_is_refused(document: Any, rule: str) -> None:  # draft §4
    with pytest.raises(Wrong, match=rule):
        read(document)


def test_a_document_may_leave_out_what_has_one_answer() -> None:
    bare = read({"client_id": URL, "redirect_uris": ["https://client.example/cb"]})
    assert bare.auth_method == "none"
    assert bare.grant_types == ["authorization_code"]


def test_a_broken_rule_is_a_page_and_never_a_redirect(internet: Internet) -> None:
    internet.pages[URL] = GOOD | {"client_id": "https://other.example/c.json"}
    it = document_world()
    answer = it.signed_in(ED).get(it.query()[0])
    assert answer.status_code == 400
    assert "Location" not in answer
    assert "its client_id is the URL that it lies at" in answer.content.decode()
    with system_context():
        assert not Client.objects.filter(client_id=URL).exists()


def test_a_redirect_uri_that_the_document_lacks_is_a_page(internet: Internet) -> None:
    it = document_world()
    answer = it.signed_in(ED).get(it.query(redirect_uri="https://evil.example/cb")[0])
    assert answer.status_code == 400
    assert "Location" not in answer


def test_what_failed_is_not_fetched_again_within_the_minute(internet: Internet) -> None:
    internet.pages.clear()
    it = document_world()
    url, _ = it.query()
    for _ in range(5):
        answer = Browser().get(url)
        assert answer.status_code == 400
        assert "could not be found" in answer.content.decode()
    assert internet.asked == [URL]


def test_one_asker_causes_so_many_fetches_a_minute(internet: Internet) -> None:
    it = document_world()
    for number in range(40):
        Browser().get(it.query(client_id=f"https://h{number}.example/c.json")[0])
    assert len(internet.asked) == 20


def test_one_host_is_asked_so_often_a_minute_whoever_asks(internet: Internet) -> None:
    it = document_world()
    for number in range(40):
        url, _ = it.query(client_id=f"https://victim.example/{number}.json")
        Browser().get(url, REMOTE_ADDR=f"192.0.2.{number}")
    assert len(internet.asked) == 30


def test_a_second_document_is_not_waited_for_while_one_is_fetched(internet: Internet) -> None:
    it = document_world()
    url, _ = it.query()
    with documents.IN_FLIGHT:
        answer = Browser().get(url)
    assert answer.status_code == 400
    assert answer["Refresh"] == "5"
    assert internet.asked == []
    assert Browser().get(url).status_code == 302


def test_changed_redirect_uris_take_effect_once_the_document_is_due(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    first = kept()
    internet.pages[URL] = GOOD | {"redirect_uris": ["https://client.example/new"], "client_name": "Claude 2"}
    assert it.signed_in(ED).get(it.query()[0]).status_code == 302, "known and consented, still as read"
    expire()
    assert it.signed_in(ED).get(it.query()[0]).status_code == 400
    assert (
        it.signed_in(ED)
        .get(it.query(redirect_uri="https://client.example/new")[0])["Location"]
        .startswith("https://client.example/new?code=")
    )
    again = kept()
    assert (again.pk, again.name) == (first.pk, "Claude 2"), "the same client, with its consents"


def test_a_document_out_of_reach_still_counts_for_a_day_and_no_longer(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    internet.pages[URL] = fetch.Unreachable("was answered with status 503")
    expire()
    assert it.signed_in(ED).get(it.query()[0]).status_code == 302
    expire(documents.STALE.total_seconds() + 1)
    answer = it.signed_in(ED).get(it.query()[0])
    assert answer.status_code == 400
    assert "was answered with status 503" in answer.content.decode()


def test_a_document_that_became_wrong_counts_no_longer(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    internet.pages[URL] = Wrong("it is answered with status 200, not 404")
    expire()
    assert it.signed_in(ED).get(it.query()[0]).status_code == 400


def test_the_token_endpoint_fetches_nothing(internet: Internet) -> None:
    it = document_world()
    answer = it.exchange("as_no_code", "v" * 43)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert internet.asked == []


def test_a_disabled_client_does_not_come_back_by_its_document(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    with system_context():
        Client.objects.filter(client_id=URL).update(disabled_at=timezone.now())
    expire()
    answer = it.signed_in(ED).get(it.query()[0])
    assert answer.status_code == 400
    assert internet.asked == [URL]


def test_a_client_made_by_hand_with_such_an_id_is_never_overwritten(internet: Internet) -> None:
    it = document_world()
    with system_context():
        Client.objects.create(client_id=URL, name="By hand", redirect_uris="https://hand.example/cb")
    assert it.signed_in(ED).get(it.query()[0]).status_code == 400
    assert internet.asked == []
    assert kept().name == "By hand"


def test_no_document_is_read_where_the_switch_is_off(internet: Internet, settings: Any) -> None:
    settings.CLIENT_DOCUMENTS = False
    it = document_world()
    assert it.signed_in(ED).get(it.query()[0]).status_code == 400
    assert internet.asked == []


@pytest.mark.parametrize(
    "client_id", ["https://client.example/a\x00b", "https://\udcff/x", "http://client.example/c.json"]
)
def test_an_odd_client_id_is_a_page(client_id: str, internet: Internet) -> None:
    it = document_world()
    url = it.query(client_id="PLACE")[0].replace("PLACE", client_id.encode(errors="replace").hex("%"))
    assert Browser().get(url).status_code == 400
    repeated = it.query()[0] + f"&client_id={URL}"
    assert Browser().get(repeated).status_code == 400
    assert internet.asked == []


def test_the_policy_for_documents_is_another_than_that_for_registrations(internet: Internet) -> None:
    it = document_world()
    with tenant_context(it.tenant.id):
        policy = ClientPolicy.objects.create(tenant=it.tenant, registration_policy="allow_list")
    assert it.signed_in(ED).get(it.query()[0]).status_code == 200
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.filter(pk=policy.pk).update(registration_policy="open", metadata_policy="review")
    assert "waits for approval" in it.signed_in(ED).get(it.query()[0]).content.decode()


def test_an_allow_list_means_the_host_of_the_document(internet: Internet) -> None:
    it = document_world()
    with tenant_context(it.tenant.id):
        policy = ClientPolicy.objects.create(
            tenant=it.tenant, metadata_policy="allow_list", allowed_hosts=["127.0.0.1"]
        )
    assert it.signed_in(ED).get(it.query()[0]).status_code == 403, "the redirect's host proves nothing"
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.filter(pk=policy.pk).update(allowed_hosts=["client.example"])
    assert it.signed_in(ED).get(it.query()[0]).status_code == 200


def test_denying_such_a_client_takes_effect_at_the_next_introspection(internet: Internet) -> None:
    it = document_world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    assert it.facts(token)["active"]
    with tenant_context(it.tenant.id):
        clients.deny(tenant_id=it.tenant.id, client_id=kept().pk, actor=SYSTEM, now=timezone.now())
    assert it.facts(token) == {"active": False}


def test_the_clients_page_names_the_host(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    page = cast.signed_in(cast.person("owner@acme-corp.example")).get(f"/t/{it.tenant.slug}/clients/")
    assert '<span class="twoline">client.example<span' in page.content.decode()
    assert "elsewhere.example" not in page.content.decode()


def test_clients_that_nobody_used_are_deleted_after_a_month(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    now = timezone.now()
    for name in ("looked", "waiting", "denied", "disabled", "second"):
        internet.pages[f"https://{name}.example/c.json"] = GOOD | {
            "client_id": f"https://{name}.example/c.json"
        }
        documents.make_current(f"https://{name}.example/c.json", ip=None, now=now)
    with system_context():
        named = {client.document_host: client for client in Client.objects.filter(registration_source="cimd")}
        Client.objects.filter(pk=named["disabled.example"].pk).update(disabled_at=now)
    with tenant_context(it.tenant.id):
        clients.deny(tenant_id=it.tenant.id, client_id=named["denied.example"].pk, actor=SYSTEM, now=now)
        for host, seen in (("looked.example", now), ("waiting.example", now + timedelta(days=20))):
            ClientApproval.objects.create(
                tenant=it.tenant, client=named[host], first_seen_at=now, last_seen_at=seen
            )
    assert cleanup.delete_unused_clients(now=now + timedelta(days=29)) == 0
    # The client that world() registered goes too: nobody used that one.
    assert cleanup.delete_unused_clients(now=now + timedelta(days=31), batch=2) == 3
    with system_context():
        left = {client.document_host for client in Client.objects.filter(registration_source="cimd")}
    assert left == {"client.example", "waiting.example", "denied.example", "disabled.example"}


def test_the_issuer_stays_what_it_was() -> None:
    assert configured.OUTBOUND_LOOPBACK is False, "off unless development asks for it"
