"""Whose address it is: the RFC 9728 document, the DNS record, and two tenants that claim the same."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as conf
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from authsec import limiting
from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authz import applications
from authz.models import Application
from oauth import proof, proof_mail, verification
from oauth.proof import Evidence, Finding, document_url, held, judge, record_name, record_value
from tenants.models import Membership
from tests import cast
from tests.authz.cast import World, world
from tests.console.api import Api, token_of
from tests.oauth.outside import Host, NameServer

pytestmark = pytest.mark.django_db
Proof = Application.Proof
ID = uuid4()
URI = "https://mcp.example/mcp"


def said(uri: str = URI, **more: Any) -> dict[str, Any]:
    return {"resource": uri, "authorization_servers": ["https://other.example", conf.ISSUER]} | more


@pytest.fixture
def host(settings: Any) -> Iterator[Host]:
    """A host whose addresses need proof, though it is on this computer."""
    settings.DEVELOPMENT, settings.OUTBOUND_LOOPBACK = False, True
    with Host() as made:
        yield made


@pytest.fixture
def name_server(settings: Any) -> Iterator[NameServer]:
    with NameServer() as made:
        settings.DNS_SERVERS = [made.address]
        yield made


def claimed(by: World, host: Host, path: str = "/mcp") -> Application:
    return by.application(f"app-{by.tenant.slug}", resource_uri=f"{host.origin}{path}")


def look(it: Application) -> Application:
    return verification.verify(tenant_id=it.tenant_id, application_id=it.pk, actor=SYSTEM, now=timezone.now())


def now_of(it: Application) -> Application:
    with system_context():
        return Application.objects.get(pk=it.pk)


def events(it: Application, action: str) -> list[Event]:
    with tenant_context(it.tenant_id):
        return list(Event.objects.filter(action=action))


def test_the_well_known_path_goes_between_host_and_path() -> None:
    """RFC 9728 §3.1."""
    assert (
        document_url("https://a.example/mcp") == "https://a.example/.well-known/oauth-protected-resource/mcp"
    )
    assert document_url("https://a.example") == "https://a.example/.well-known/oauth-protected-resource"
    assert document_url("https://a.example:8443/x/y?k=v") == (
        "https://a.example:8443/.well-known/oauth-protected-resource/x/y?k=v"
    )
    assert document_url("https://a.example/?k=v").endswith("/oauth-protected-resource?k=v")


@pytest.mark.parametrize(
    "document",
    [
        {},
        said(resource=None),
        said("https://mcp.example/other"),
        said("https://evil.example/mcp"),
        said(authorization_servers=[]),
        said(authorization_servers="https://other.example"),
        said(authorization_servers=["https://other.example", 7, None]),
        said(authorization_servers=[f"{conf.ISSUER}.evil.example"]),
        said(authorization_servers={conf.ISSUER: 1}),
        said(resource=["https://mcp.example/mcp"]),
    ],
)
def test_a_document_of_another_resource_or_server_proves_nothing(document: dict[str, Any]) -> None:
    """RFC 9728 §3.3."""
    finding = judge(Evidence(URI, document=document), ID)
    assert finding.proof == proof.NONE
    assert finding.problem or not document


def test_what_names_the_application_counts_more_than_what_names_this_server() -> None:
    plain, named = Evidence(URI, document=said()), Evidence(URI, document=said(authsec_application=str(ID)))
    record = Evidence(URI, records=["v=spf1 -all", f" {record_value(ID)} "])
    assert judge(plain, ID) == Finding(Proof.DOCUMENT)
    assert judge(named, ID) == Finding(Proof.NAMED)
    assert judge(named, uuid4()) == Finding(Proof.DOCUMENT)
    assert judge(record, ID) == Finding(Proof.DNS)
    assert judge(record, uuid4()).proof == proof.NONE
    assert judge(plain, ID).strength < judge(named, ID).strength == judge(record, ID).strength
    assert judge(Evidence(URI, document=said(f"{URI}")), ID).proof
    assert judge(Evidence("https://mcp.example", document=said("https://mcp.example/")), ID).proof


def test_who_relies_on_the_record_reads_what_of_it_was_missed() -> None:
    assert judge(Evidence(URI, document_problem="Gone.", records=["v=spf1 -all"]), ID).problem == (
        "Gone. No TXT record _authsec.mcp.example names this Application."
    )
    missed = judge(Evidence(URI, document=said(resource=None), dns_problem="There is none."), ID).problem
    assert missed.endswith(". There is none.")
    assert judge(Evidence("https://192.0.2.1/mcp", document_problem="Gone."), ID).problem == "Gone."


def test_what_could_not_be_asked_counts_for_the_holder_as_it_was() -> None:
    silent = Evidence(URI, document=said(), dns_unclear=True, dns_problem="silent")
    gone = Evidence(URI, document=said(), dns_problem="none")
    assert held(silent, ID, Proof.DNS) == 2
    assert held(gone, ID, Proof.DNS) == 1
    assert held(Evidence(URI, document_unclear=True), ID, Proof.NAMED) == 2
    assert held(Evidence(URI), ID, Proof.NAMED) == 0


def test_an_address_in_numbers_has_no_record() -> None:
    assert record_name("https://mcp.example:8443/mcp") == "_authsec.mcp.example"
    for numeric in ("https://192.0.2.1/mcp", "https://[2001:db8::1]/mcp", "http://localhost:9101/mcp"):
        assert record_name(numeric) == ""


def test_the_document_at_the_address_verifies_it_once_and_the_log_says_who(host: Host) -> None:
    it = claimed(world(), host)
    host.pages["/.well-known/oauth-protected-resource/mcp"] = said(it.resource_uri)
    assert it.verified_at is None
    first = look(it)
    assert (first.verified_by, first.check_problem) == (Proof.DOCUMENT, "")
    assert look(it).verified_at == first.verified_at
    assert [event.after for event in events(it, "application.verified")] == [{"verified_by": "document"}]
    assert host.asked == ["/.well-known/oauth-protected-resource/mcp"] * 2


@pytest.mark.parametrize(
    "page",
    [404, 302, 500, b"no json", b"[1]", b"\xff\xfe", b"[" * 20_000, b" " * 20_000, {"resource": "\x00"}],
)
def test_whatever_lies_there_instead_is_said_and_proves_nothing(host: Host, page: Any) -> None:
    it = claimed(world(), host)
    host.pages["/.well-known/oauth-protected-resource/mcp"] = page
    with pytest.raises(verification.NotProved) as missed:
        look(it)
    now = now_of(it)
    assert now.verified_at is None
    assert now.checked_at is not None
    assert now.check_problem == str(missed.value)[:500]
    assert not events(it, "application.proof_missed")


def test_no_transaction_is_open_while_a_stranger_is_asked(host: Host) -> None:
    it = claimed(world(), host)
    open_then: list[int] = []
    depth = len(connection.savepoint_ids)
    host.before = lambda: open_then.append(len(connection.savepoint_ids))
    with pytest.raises(verification.NotProved):
        look(it)
    assert open_then == [depth]


def test_a_verified_address_stays_so_when_its_proof_is_away_and_says_it(host: Host) -> None:
    it = claimed(world(), host)
    place = "/.well-known/oauth-protected-resource/mcp"
    host.pages[place] = said(it.resource_uri)
    look(it)
    later = timezone.now() + timedelta(hours=25)
    del host.pages[place]
    assert verification.recheck_due(now=later) == (1, 1)
    missed = now_of(it)
    assert missed.verified_at is not None
    assert missed.failing_since == missed.checked_at == later
    assert verification.recheck_due(now=later) == (0, 0)
    assert verification.recheck_due(now=later + timedelta(days=2)) == (1, 1)
    assert now_of(it).failing_since == later
    assert len(events(it, "application.proof_missed")) == 1
    assert letters(it) == 1
    host.pages[place] = said(it.resource_uri)
    verification.recheck_due(now=later + timedelta(days=4))
    assert (now_of(it).failing_since, now_of(it).check_problem) == (None, "")
    assert tell(it) == 0  # a letter that waited until the proof was back is not sent
    del host.pages[place]
    verification.recheck_due(now=later + timedelta(days=6))
    assert letters(it) == 2


def test_those_who_may_change_the_application_are_told_once_that_its_proof_is_gone(
    host: Host, mailoutbox: Any
) -> None:
    tenant = cast.open_tenant("acme-corp", "olga@acme.example")
    it = cast.application(tenant, "docs", ["docs:read"], uri=f"{host.origin}/mcp")
    cast.member(tenant, "adam@acme.example", "admin")
    cast.member(tenant, "rita@acme.example", "readonly_auditor")
    gone = cast.member(tenant, "gone@acme.example", "admin")
    addresses = ["adam@acme.example", "olga@acme.example"]
    with tenant_context(tenant.pk):
        Membership.objects.filter(user=gone).update(status="suspended", suspended_at=timezone.now())
        Application.objects.update(verified_at=None, name="Docs\r\nBcc: x@evil.example <b>")
    place = "/.well-known/oauth-protected-resource/mcp"
    host.pages[place] = said(it.resource_uri)
    look(it)
    host.pages[place] = {"resource": "<script>alert(1)</script>"}
    verification.recheck_due(now=timezone.now() + timedelta(hours=25))
    assert tell(it) == 2
    assert sorted(mail.to for mail in mailoutbox) == [[address] for address in addresses]
    letter = mailoutbox[0]
    assert letter.subject == "The proof of Docs Bcc: x@evil.example <b>’s address is missing"
    address = f"{conf.PUBLIC_URL}/t/{tenant.slug}/applications/{it.pk}/address/"
    page = letter.alternatives[0].content
    for text in (letter.body, page):
        assert address in text
        assert it.resource_uri in text
        assert "stays verified" in text
    assert "<script>" not in page
    assert "<b>" not in page
    owner = claimed(world("owner"), host)
    host.pages[place] = said(it.resource_uri, authsec_application=str(owner.pk))
    look(owner)
    assert letters(it) == 2
    assert letters(owner) == 0
    mailoutbox.clear()
    assert tell(it) == 2
    assert "lost its address" in mailoutbox[0].subject
    assert "owner" not in mailoutbox[0].body.replace("owner@", "")


def letters(it: Application) -> int:
    """How many times the queue was told to write to those who run the Application."""
    with system_context():
        queued = ProcrastinateJob.objects.filter(task_name=proof_mail.TASK)
        return sum(job.args["application_id"] == str(it.pk) for job in queued)


def tell(it: Application) -> int:
    return proof_mail.tell(tenant_id=it.tenant_id, application_id=it.pk, now=timezone.now())


def test_the_first_keeps_an_address_until_somebody_is_named_for_it(host: Host) -> None:
    """Squatting: a document that trusts this server says nothing about which of its tenants is meant."""
    squatter, owner = claimed(world("squatter"), host), claimed(world("owner"), host)
    place = "/.well-known/oauth-protected-resource/mcp"
    host.pages[place] = said(squatter.resource_uri)
    assert look(squatter).verified_at
    with pytest.raises(verification.Taken) as taken:
        look(owner)
    assert str(owner.pk) in str(taken.value)
    assert "squatter" not in str(taken.value)
    assert now_of(owner).check_problem == str(taken.value)
    host.pages[place] = said(squatter.resource_uri, authsec_application=str(owner.pk))
    assert look(owner).verified_by == Proof.NAMED
    lost = now_of(squatter)
    assert lost.verified_at is None
    assert lost.verified_by == ""
    assert lost.check_problem
    assert "owner" not in lost.check_problem
    assert len(events(squatter, "application.verification_lost")) == 1
    with pytest.raises(verification.Taken):
        look(squatter)
    host.pages[place] = said(squatter.resource_uri, authsec_application=[str(owner.pk), str(squatter.pk)])
    with pytest.raises(verification.Taken, match="names both"):
        look(squatter)
    assert now_of(owner).verified_at


def test_a_record_of_the_host_proves_every_path_of_it(settings: Any, name_server: NameServer) -> None:
    it = world().application("records", resource_uri="https://mcp.records.test/a/b")
    name = "_authsec.mcp.records.test"
    name_server.records[name] = ["v=other", record_value(uuid4())]
    with pytest.raises(verification.NotProved):
        look(it)
    name_server.records[name] = ["x" * 450, record_value(it.pk)]
    assert look(it).verified_by == Proof.DNS


def test_a_name_server_that_says_nothing_is_waited_for_briefly(
    name_server: NameServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(proof, "DNS_SECONDS", 0.5)
    name_server.silent = True
    evidence = proof.gather("https://mcp.silent.test/mcp")
    assert evidence.dns_unclear
    assert judge(evidence, ID).proof == proof.NONE
    long = "https://" + ".".join(["x" * 60] * 4) + "/mcp"
    assert proof.gather(long).dns_unclear


def test_a_new_address_loses_the_proof_of_the_old_one(host: Host) -> None:
    it = claimed(world(), host)
    host.pages["/.well-known/oauth-protected-resource/mcp"] = said(it.resource_uri)
    look(it)
    moved = applications.update(
        tenant_id=it.tenant_id,
        application_id=it.pk,
        resource_uri=f"{host.origin}/new",
        actor=SYSTEM,
        now=timezone.now(),
    )
    assert (moved.verified_at, moved.verified_by, moved.checked_at) == (None, "", None)


def test_looking_is_bounded(host: Host) -> None:
    it = claimed(world(), host)
    for _ in range(6):
        with pytest.raises(verification.NotProved):
            look(it)
    with pytest.raises(verification.Busy):
        look(it)
    limiting.start_over()
    assert verification.IN_FLIGHT.acquire(blocking=False)
    try:
        with pytest.raises(verification.Busy):
            look(it)
    finally:
        verification.IN_FLIGHT.release()


def test_in_development_an_address_of_this_computer_needs_no_proof(settings: Any) -> None:
    settings.DEVELOPMENT = True
    it = world().application("here", resource_uri="http://localhost:9447/mcp")
    assert it.verified_by == Proof.LOOPBACK
    assert look(it).verified_by == Proof.LOOPBACK


def test_the_page_and_the_api_look_and_say_what_came_of_it(host: Host) -> None:
    tenant = cast.open_tenant("acme-corp", "olga@acme.example")
    adam = cast.member(tenant, "adam@acme.example", "admin")
    uri = f"{host.origin}/mcp"
    it = cast.application(tenant, "docs", ["docs:read"], uri=uri)
    with tenant_context(tenant.id):
        Application.objects.update(verified_at=None)
    browser, api = cast.signed_in(adam), Api(token_of(adam), tenant)
    page = f"/t/acme-corp/applications/{it.pk}/address/"
    answer = browser.post(f"{page}verify/", follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "answered with status 200, not 404" in answer.content.decode()
    call = f"/uflow/v2/applications/{it.pk}/verify"
    refused = api.post(call)
    assert (refused.status_code, refused.json()["type"]) == (422, "address-not-proved")
    assert refused["Content-Type"] == "application/problem+json"
    host.pages["/.well-known/oauth-protected-resource/mcp"] = said(uri)
    done = api.post(call)
    assert done.status_code == 200
    told = done.json()
    assert (told["verified_by"], told["check_problem"], told["failing_since"]) == ("document", None, None)
    assert "Verified" in browser.get(page).content.decode()
    for _ in range(4):
        last = api.post(call)
    assert (last.status_code, last["Retry-After"]) == (429, "20")
    again = browser.post(f"{page}verify/")
    assert again["Location"] == f"{page}?again=later"
    assert "Nothing was looked at" in browser.get(again["Location"]).content.decode()
