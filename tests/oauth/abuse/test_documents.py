"""A client's metadata document as a lever on this server, seen from the authorize page.

The fetcher is the real one against real servers; what is injected is the name's address and the authority that the
server's certificate is signed by. Each wall of the fetcher has its own tests in tests/oauth/test_outbound.py.
"""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from authsec.database.context import system_context
from oauth.documents import clients as documents
from oauth.models import Client
from oauth.outbound import fetch
from tests.oauth.hostile import Answer, Authority, DocumentServer, dripping, said
from tests.oauth.world import ED, REDIRECT_URI, World, boxes, world

pytestmark = pytest.mark.django_db
HOST = "client.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Iterator[Callable[..., list[str]]]:
    """Let every name lead to these addresses, one list a look-up, the last for ever. Returns the names looked up."""
    documents.failures.clear()
    fetcher = fetch.fetch

    def lead(*answers: list[str]) -> list[str]:
        left, asked = list(answers), list[str]()

        def resolver(host: str, port: int) -> list[str]:
            asked.append(host)
            return left.pop(0) if len(left) > 1 else left[0]

        monkeypatch.setattr(fetch, "fetch", partial(fetcher, resolver=resolver, trust=authority.trust))
        return asked

    yield lead
    documents.failures.clear()


@pytest.fixture
def serve(authority: Authority, settings: Any) -> Iterator[Callable[[Answer], DocumentServer]]:
    settings.OUTBOUND_LOOPBACK = True
    running: list[DocumentServer] = []

    def start(answer: Answer) -> DocumentServer:
        running.append(DocumentServer(authority, HOST, answer).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


def asked(it: World, url: str) -> Any:
    """The authorize page for a client whose id is this URL. Nothing was kept of one that is refused."""
    answer = it.signed_in(ED).get(it.query(client_id=url)[0])
    if answer.status_code == 400:
        assert "Location" not in answer
        with system_context():
            assert not Client.objects.filter(client_id=url).exists()
    return answer


def document(url: str, **more: Any) -> bytes:
    known = {
        "client_id": url,
        "client_name": "Claude",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none",
    }
    return json.dumps(known | more).encode()


def test_the_table_can_fail_a_good_document_shows_the_consent_page(
    resolves: Callable[..., list[str]], serve: Callable[[Answer], DocumentServer]
) -> None:  # CIMD draft §3
    it = world()
    names = resolves(["127.0.0.1"])
    server = serve(said(b"{}"))
    url = f"{server.origin}/c.json"
    server.answer = said(document(url))
    assert boxes(asked(it, url)) == ["read"]
    assert names == [HOST]


# The rule by name: an address to which nothing answers would be refused without it as well.
PUBLIC_ONLY = "a rule for it is broken: its host has public addresses only"
INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",  # 6to4, which a gateway would take to 169.254.169.254
    "2001:0:a9fe:a9fe::1",
    "192.88.99.1",
    "fec0::1",
    "3fff::1",
]


def test_a_name_that_leads_inside_is_never_asked(resolves: Callable[..., list[str]]) -> None:
    """CIMD draft §6.5, RFC 6890: private, loopback, link-local, metadata services, IPv4 within IPv6."""
    it = world()
    for number, address in enumerate(INSIDE):
        names = resolves([address])
        assert PUBLIC_ONLY in asked(it, f"https://{HOST}/{number}.json").text, address
        assert names == [HOST], address


def test_a_server_inside_hears_nothing_however_good_its_document(
    resolves: Callable[..., list[str]], authority: Authority
) -> None:  # CIMD draft §6.5
    it = world()
    resolves(["127.0.0.1"])
    with DocumentServer(authority, HOST, said(b"{}")) as server:
        url = f"{server.origin}/c.json"
        server.answer = said(document(url))
        assert PUBLIC_ONLY in asked(it, url).text
        assert server.connections == 0


def test_a_name_that_leads_outside_and_inside_is_never_asked(resolves: Callable[..., list[str]]) -> None:
    it = world()
    resolves(["93.184.215.14", "10.0.0.1"])
    assert PUBLIC_ONLY in asked(it, f"https://{HOST}/c.json").text


def test_rebinding_the_address_that_was_checked_is_the_one_that_is_asked(
    resolves: Callable[..., list[str]], serve: Callable[[Answer], DocumentServer]
) -> None:  # the second look-up would lead inside, and there is none
    it = world()
    server = serve(said(b"{}"))
    url = f"{server.origin}/c.json"
    server.answer = said(document(url))
    names = resolves(["127.0.0.1"], ["169.254.169.254"])
    assert asked(it, url).status_code == 200
    assert names == [HOST]


NO_CLIENTS = [
    "https://127.0.0.1/c.json",
    "https://[::1]/c.json",
    "https://[::ffff:127.0.0.1]/c.json",
    "https://2130706433/c.json",
    "https://0x7f.1/c.json",
    "https://0177.0.0.1/c.json",
    "https://127.1/c.json",
    "https://localhost/c.json",
    "http://client.example/c.json",
    "https://u:p@client.example/c.json",
    "https://client.example/",
    "https://client.example/../c.json",
    "https://client.example/%2e%2e/c.json",
    "https://client.example/c.json#x",
    "file:///etc/passwd",
    "gopher://client.example/c",
]


def test_an_address_that_no_client_has_is_not_even_looked_up(resolves: Callable[..., list[str]]) -> None:
    it = world()  # CIMD draft §2
    names = resolves(["93.184.215.14"])
    for url in NO_CLIENTS:
        assert asked(it, url).status_code == 400, url
    assert names == []


HOSTILE = {
    "redirect": (
        said(b"", "Location: https://169.254.169.254/latest/meta-data", status="302 Found"),
        "it is answered without a redirect",
    ),
    "huge": (said(b"{}" + b" " * 20_000), "it has at most 16384 bytes"),
    "huge, in chunks": (
        said(b"4e20\r\n" + b" " * 20_000 + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        "it has at most 16384 bytes",
    ),
    "compressed": (said(b"{}", "Content-Encoding: gzip"), "it is not compressed"),
    "another media type": (said(b"{}", media_type="text/html"), "its media type is application/json"),
    "deep": (said(b"[" * 9_000), "it is JSON in UTF-8 that names each member once"),
    "error": (said(b"{}", status="500 Oops"), "was answered with status 500"),
}


@pytest.mark.parametrize(("answer", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_is_a_page_that_says_why_and_no_client(
    answer: Answer,
    rule: str,
    resolves: Callable[..., list[str]],
    serve: Callable[[Answer], DocumentServer],
) -> None:  # CIMD draft §4, §6.5
    it = world()
    names = resolves(["127.0.0.1"])
    server = serve(answer)
    page = asked(it, f"{server.origin}/c.json")
    assert page.status_code == 400
    assert rule in page.text
    assert names == [HOST], "a redirect is not followed"
    assert server.connections == 1


def test_a_slow_answer_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
    resolves: Callable[..., list[str]],
    serve: Callable[[Answer], DocumentServer],
) -> None:
    it = world()
    monkeypatch.setattr(fetch, "DEADLINE_S", 0.5)
    resolves(["127.0.0.1"])
    server = serve(dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y"))
    url = f"{server.origin}/c.json"
    begun = time.monotonic()
    assert asked(it, url).status_code == 400
    assert asked(it, url).status_code == 400
    assert time.monotonic() - begun < 20, "one header drips for half a minute"
    assert server.connections == 1, "what failed is not asked again for a while"


def test_a_document_that_speaks_for_another_is_no_client(
    resolves: Callable[..., list[str]], serve: Callable[[Answer], DocumentServer]
) -> None:  # CIMD draft §4: the document's client_id is its URL
    it = world()
    resolves(["127.0.0.1"])
    server = serve(said(document("https://claude.example/c.json")))
    assert asked(it, f"{server.origin}/c.json").status_code == 400
