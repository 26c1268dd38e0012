"""The official MCP SDK with a metadata document for its client id, fetched over TLS from this very machine."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.ai_client import AiClient
from tests.oauth.hostile import Authority, DocumentServer, said
from tests.plain_client import newcomer
from tests.programs import Program, allow
from tests.servers import Service, serving
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentServer]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with DocumentServer(authority, "localhost", said(b"")) as server:
        url = f"{server.origin}/oauth/client.json"
        document = {
            "client_id": url,
            "client_name": "Stranger's AI",
            # Any port will do on loopback (RFC 8252 §7.3), which is how a document can name it at all.
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        server.answer = said(json.dumps(document).encode())
        yield server


@pytest.fixture(scope="module")
def service(documents: DocumentServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that may fetch from loopback and believes the authority of the documents' certificate."""
    switches = {"OUTBOUND_LOOPBACK": "on", "SSL_CERT_FILE": str(documents.authority.bundle)}
    with serving(tmp_path_factory.mktemp("documents"), workers=1, **switches) as running:
        yield running


def test_a_client_that_never_registered_calls_a_tool_by_its_document(
    service: Service, documents: DocumentServer, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    visitor = visit().sign_in(service.user("alice"))
    url = f"{documents.origin}/oauth/client.json"

    def consent(at: str) -> None:
        page = visitor.go(at)
        expect(page.locator(".proof")).to_contain_text("localhost")
        expect(page.locator(".proof")).to_contain_text("host checked")
        visitor.allow()

    with AiClient(server.resource_uri, document_url=url) as ai:
        who = ai.call("whoami", consent=consent)
        assert ai.memory.client is not None
        assert ai.memory.client.client_id == url, "the SDK took the document, not registration"
        assert who["claims"]["client_id"] == url
        assert ai.callbacks[-1]["iss"] == service.base_url
        assert len(documents.requests) == 1, "fetched once for the walk"
        assert visitor.violations() == []
        assert service.faults() == []
        service.keep(*ai.secrets())
    operator = visit().sign_in(service.user("adam"))
    page = operator.go("/t/acme-corp/clients/")
    expect(page.locator("tbody tr", has_text=url)).to_contain_text("document, host checked")


def test_the_typescript_client_prefers_its_document_to_registering(
    service: Service, documents: DocumentServer
) -> None:
    server = service.resource_server("github-mcp")
    url = f"{documents.origin}/oauth/client.json"
    person, email = newcomer(service)
    with Program("mcp_client.ts", SERVER_URL=server.resource_uri, CLIENT_DOCUMENT=url) as ai:
        ai.ask(tool="whoami")
        assert ai.told("client") == {"client_id": url, "issuer": service.base_url}
        allow(person, ai.told("open"))
        tokens = ai.told("token")
        service.keep(tokens["access_token"], tokens["refresh_token"])
        claims = ai.told("answer")["structuredContent"]["claims"]
        assert (claims["client_id"], claims["username"]) == (url, email)


def test_an_address_inside_is_refused_on_a_page(service: Service) -> None:
    for url in (
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1.example/../x",
        "https://a.example/",
    ):
        answer = service.http.get(
            "/oauth/authorize", params={"client_id": url, "redirect_uri": "https://evil.example/"}
        )
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "a rule for it is broken" in answer.text
