"""Fetching what a stranger names: only from public addresses, only so much, only so long (draft §8.6, §8.7)."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oauth.outbound import addresses, fetch
from oauth.outbound.fetch import MAX_BYTES, Unreachable, kept_for
from oauth.outbound.location import Wrong, read_location
from tests.oauth.hostile import DRIPS_S, Answer, Authority, DocumentServer, dripping, said

HOST = "client.example"
BODY = b'{"client_name": "x"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve(authority: Authority, settings: Any) -> Iterator[Callable[[Answer], DocumentServer]]:
    """A server on loopback, which the switch of development lets through."""
    settings.OUTBOUND_LOOPBACK = True
    running: list[DocumentServer] = []

    def start(answer: Answer) -> DocumentServer:
        running.append(DocumentServer(authority, HOST, answer).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


def at_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def got(server: DocumentServer, authority: Authority, path: str = "/c.json") -> fetch.Fetched:
    return fetch.fetch(read_location(server.origin + path), resolver=at_loopback, trust=authority.trust)


def test_a_document_is_fetched_with_the_name_and_nothing_of_ours(serve: Any, authority: Authority) -> None:
    server = serve(said(BODY, "Cache-Control: max-age=1200"))
    assert got(server, authority, "/a/c.json?v=1") == fetch.Fetched(BODY, 1200)
    request = server.requests[0].decode().lower()
    assert request.startswith("get /a/c.json?v=1 http/1.1\r\nhost: client.example:")
    assert "cookie" not in request
    assert "authorization" not in request


def test_a_certificate_of_nobody_known_is_no_document(serve: Any) -> None:
    server = serve(said(BODY))
    with pytest.raises(Unreachable, match="secure connection"):
        fetch.fetch(read_location(f"{server.origin}/c.json"), resolver=at_loopback)
    assert server.requests == []


def test_a_certificate_of_another_name_is_no_document(serve: Any, authority: Authority) -> None:
    server = serve(said(BODY))
    other = read_location(f"https://other.example:{server.port}/c.json")
    with pytest.raises(Unreachable, match="secure connection"):
        fetch.fetch(other, resolver=at_loopback, trust=authority.trust)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.0.170",
        "3fff::1",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_no_connection_goes_to_this_address(address: str) -> None:
    assert not addresses.is_public(address)
    asked = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8", address]  # a public one beside it makes it no better

    with pytest.raises(Wrong, match="public addresses only"):
        fetch.fetch(read_location("https://client.example/c.json"), resolver=resolver)
    assert asked == ["client.example"]


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(address)


def test_a_name_that_changes_its_address_is_asked_once(serve: Any, authority: Authority) -> None:
    server = serve(said(BODY))
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    location = read_location(f"{server.origin}/c.json")
    assert fetch.fetch(location, resolver=rebinding, trust=authority.trust).body == BODY
    assert answers == [["10.0.0.1"]]
    with pytest.raises(Wrong, match="public addresses only"):
        fetch.fetch(location, resolver=rebinding, trust=authority.trust)
    assert server.connections == 1


def test_a_name_that_leads_nowhere_says_so() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unreachable, match="could not be found"):
        fetch.fetch(read_location("https://client.example/c.json"), resolver=nowhere)


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (said(b"", "Location: https://10.0.0.1/", status="302 Found"), "without a redirect"),
        (said(b"", "Location: https://client.example/d.json", status="308 Moved"), "without a redirect"),
        (said(BODY, status="404 Not Found"), "status 200"),
        (said(BODY, status="206 Partial Content"), "status 200"),
        (said(BODY, media_type="text/html"), "media type"),
        (said(BODY, media_type="text/plain; application/json"), "media type"),
        (said(BODY, media_type=""), "media type"),
        (said(b"x" * (MAX_BYTES + 1)), "at most"),
        (said(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"), "not compressed"),
        (
            lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 90_000),
            "at most",
        ),
        (
            lambda c: c.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"1\r\n \r\n" * 40_000
            ),
            "at most",
        ),
        (
            lambda c: c.sendall(
                b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 900) for n in range(90))
            ),
            "at most",
        ),
    ],
)
def test_this_answer_is_refused(answer: Answer, rule: str, serve: Any, authority: Authority) -> None:
    server = serve(answer)
    with pytest.raises(Wrong, match=rule):
        got(server, authority)
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        said(BODY, status="500 Internal Server Error"),
        said(BODY, status="429 Too Many Requests"),
        lambda c: c.sendall(b"\x16\x03\x01 not http\r\n\r\n"),
        lambda c: c.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}"
        ),
        lambda c: None,
    ],
)
def test_this_answer_may_get_better_later(answer: Answer, serve: Any, authority: Authority) -> None:
    with pytest.raises(Unreachable):
        got(serve(answer), authority)


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n", b" "),
        dripping(b"", b""),
    ],
    ids=["headers", "body", "nothing"],
)
def test_a_slow_answer_is_left_after_five_seconds(answer: Answer, serve: Any, authority: Authority) -> None:
    server = serve(answer)
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="within 5 seconds"):
        got(server, authority)
    assert time.monotonic() - begun < DRIPS_S, "left while it still dripped"


@pytest.mark.slow
def test_a_slow_resolver_counts_too() -> None:
    answered = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        answered.wait(60)
        return ["8.8.8.8"]

    try:
        with pytest.raises(Unreachable, match="could not be found"):
            fetch.fetch(read_location("https://client.example/c.json"), resolver=hanging)
        assert not answered.is_set()  # it was left while it still hung
    finally:
        answered.set()


def test_no_proxy_of_the_environment_is_asked(
    serve: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert json.loads(got(serve(said(BODY)), authority).body)


@pytest.mark.parametrize(
    ("said_there", "seconds"),
    [
        ("", 3600),
        ("max-age=7200", 7200),
        ("public, max-age=60", 300),
        ("max-age=999999999", 86400),
        ("no-store", 300),
        ("no-cache, max-age=7200", 300),
        ("s-maxage=7200", 3600),
        ("max-age=-1", 3600),
        ("max-age=x", 3600),
    ],
)
def test_how_long_a_document_counts(said_there: str, seconds: int) -> None:  # draft §5.2
    assert kept_for(said_there) == seconds


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/c.json",
        "http://localhost/c.json",
        "https://client.example",
        "https://client.example/",
        "https://client.example/c.json#x",
        "https://client.example/c.json#",
        "https://me@client.example/c.json",
        "https://me:pw@client.example/c.json",
        "https://client.example/../c.json",
        "https://client.example/a/./c.json",
        "https://client.example/%2e%2E/c.json",
        "https://client.example:99999/c.json",
        "https://Client.example/c.json",
        "HTTPS://client.example/c.json",
        "https:///c.json",
        "https://[::1/c.json",
        "https://[2606:4700::1111]/c.json",
        "https://8.8.8.8/c.json",
        "https://2130706433/c.json",
        "https://0x7f000001/c.json",
        "https://client.example\\@evil.example/c.json",
        "https://client.example/c json",
        "https://client.example/c\r\nX: y",
        "https://clïent.example/c.json",
        "https://client.example/" + "a" * 255,
    ],
)
def test_this_url_is_no_client(url: str) -> None:  # draft §3
    with pytest.raises(Wrong):
        read_location(url)


def test_this_server_is_no_client_of_itself(settings: Any) -> None:
    settings.ISSUER = "https://auth.example"
    with pytest.raises(Wrong, match="this server"):
        read_location("https://auth.example/oauth/authorize?x=1")
