"""What an Application says to people: whom to ask, its rules, its picture; and what it refuses to say."""

import base64
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.contacts import problem_of_contact, problem_of_link
from authz.models import Application, ApplicationLogo
from tests import cast
from tests.console.api import Api, token_of

pytestmark = pytest.mark.django_db


def picture(edge: int = 40, format: str = "PNG", **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (edge, edge // 2), "teal").save(made, format, **more)
    return made.getvalue()


def facts(**more: Any) -> dict[str, Any]:
    return {
        "name": "github-mcp",
        "kind": "mcp_server",
        "admission": "anyone",
    } | more


@pytest.fixture
def edit(acme: Any) -> Any:
    browser = cast.signed_in(acme.adam)
    path = f"/t/{acme.tenant.slug}/applications/{acme.github.pk}/edit/"

    def post(**more: Any) -> Any:
        return browser.post(path, facts(resource_uri=acme.github.resource_uri, **more))

    return post


def stored(acme: Any) -> Application:
    with tenant_context(acme.id):
        return Application.objects.get(pk=acme.github.pk)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://acme.example/privacy",
        "HTTPS://acme.example/privacy",
        "//acme.example/privacy",
        "https://",
        "https://acme",
        "https://adam:secret@acme.example/",
        "https://acme.example@evil.example/",
        "https://acme.example/\x00",
        "https://acme.example/\njavascript:1",
        'https://acme.example/"onclick=1',
        "https://acme.example:port/",
        "https://acmé.example/",
        "https://acme.example/" + "x" * 500,
    ],
)
def test_only_an_https_page_is_a_link(link: str) -> None:
    assert problem_of_link(link)
    assert problem_of_contact(link)


def test_people_are_sent_to_an_address_or_a_page() -> None:
    for fine in ("", "help@acme.example", "https://acme.example/help#now"):
        assert problem_of_contact(fine) == ""
    # RFC 6068 §2: what mailto: would take for a header or a second address.
    for wrong in (
        "help",
        "help@acme",
        "a@b.example?bcc=c@d.example",
        "a%0ab@c.example",
        "x" * 330 + "@a.example",
    ):
        assert problem_of_contact(wrong)


def test_the_form_says_all_of_it_and_one_event_says_who_did(acme: Any, edit: Any) -> None:
    said = {
        "support_contact": "help@acme.example",
        "privacy_uri": "https://acme.example/privacy",
        "terms_uri": "https://acme.example/terms",
    }
    assert edit(**said, limit="300", window_s="").status_code == 302
    now = stored(acme)
    assert {name: getattr(now, name) for name in said} == said
    assert now.support_url == "mailto:help@acme.example"
    assert now.own_limit == {"limit": 300, "window_s": 60}
    with tenant_context(acme.id):
        events = Event.objects.filter(action="application.updated").order_by("id")
        assert [event.after for event in events] == [said, {"rate_limit": {"limit": 300, "window_s": 60}}]
    assert edit(**said).status_code == 302
    assert stored(acme).own_limit is None


def test_a_refusal_leaves_everything_and_stands_beside_its_field(acme: Any, edit: Any) -> None:
    before = stored(acme)
    answer = edit(name="renamed", privacy_uri="javascript:alert(1)", limit="0")
    assert answer.status_code == 422
    assert edit(name="renamed", privacy_uri="javascript:alert(1)").status_code == 422
    hostile = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")
    refused = edit(name="renamed", logo=hostile)
    assert refused.status_code == 422
    assert b"A logo is a PNG, JPEG, WebP or GIF picture." in refused.content
    assert stored(acme).name == before.name


def test_a_logo_is_made_anew_and_shown_to_anybody_until_it_is_replaced(
    acme: Any, edit: Any, client: Any
) -> None:
    sent = picture(format="JPEG", comment=b"<script>")
    assert edit(logo=SimpleUploadedFile("../../logo.svg", sent, "image/svg+xml")).status_code == 302
    first = stored(acme).logo_url
    answer = client.get(first)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not answer.cookies
    assert b"<script>" not in answer.content
    assert Image.open(io.BytesIO(answer.content)).size == (128, 128)
    assert edit(logo=SimpleUploadedFile("logo.gif", picture(60, "GIF"))).status_code == 302
    assert client.get(first).status_code == 404
    second = stored(acme).logo_url
    assert client.get(second).status_code == 200
    assert edit(without_logo="on").status_code == 302
    assert client.get(second).status_code == 404
    with tenant_context(acme.id):
        assert not ApplicationLogo.objects.exists()
        assert Event.objects.filter(action="application.updated").count() == 3


@pytest.mark.parametrize("bytes_sent", [262_145, 2_000_000])
def test_a_large_upload_is_refused(acme: Any, edit: Any, bytes_sent: int) -> None:
    large = SimpleUploadedFile("logo.png", picture() + b"\0" * bytes_sent)
    assert edit(logo=large).status_code in (400, 422)
    assert stored(acme).logo_url == ""


def test_an_archived_application_shows_no_picture_any_more(acme: Any, edit: Any, client: Any) -> None:
    edit(logo=SimpleUploadedFile("logo.png", picture()))
    url = stored(acme).logo_url
    browser = cast.signed_in(acme.adam)
    browser.post(f"/t/{acme.tenant.slug}/applications/{acme.github.pk}/archive/", {"reason": ""})
    assert client.get(url).status_code == 404


def test_the_api_says_and_refuses_the_same(acme: Any) -> None:
    api = Api(token_of(acme.adam), acme.tenant)
    path = f"/uflow/v2/applications/{acme.github.pk}"
    said = {"support_contact": "https://acme.example/help", "rate_limit": {"limit": 5, "window_s": 1}}
    answer = api("PATCH", path, said)
    assert answer.status_code == 200
    assert said.items() <= answer.json().items()
    assert (answer.json()["logo_url"], answer.json()["verified_by"]) == (None, None)
    refused = api("PATCH", path, {"name": "renamed", "terms_uri": "javascript:alert(1)"})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/terms_uri"]
    assert api.get(path).json()["name"] == "github-mcp"


def test_a_program_puts_the_same_logo_as_the_form_and_takes_it_away(acme: Any, client: Any) -> None:
    api = Api(token_of(acme.adam), acme.tenant)
    path = f"/uflow/v2/applications/{acme.github.pk}/logo"

    def put(content: bytes, kind: str = "image/png") -> Any:
        return api.browser.generic("PUT", path, content, content_type=kind, headers=api.headers)

    made = put(picture(format="JPEG", comment=b"<script>"), "image/jpeg")
    assert made.status_code == 200, made.content
    shown = client.get(made.json()["logo_url"])
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(shown.content)).size == (128, 128)
    assert b"<script>" not in shown.content
    again = {"logo": base64.b64encode(picture(format="JPEG", comment=b"<script>")).decode()}
    assert api("PUT", path, again).json()["logo_url"] == made.json()["logo_url"]
    with tenant_context(acme.id):
        assert Event.objects.filter(action="application.updated").count() == 1
    for content, kind, status in (
        (b"<svg onload=alert(1)>", "image/svg+xml", 415),
        (b"<svg onload=alert(1)>", "text/html", 415),
        (b"<svg onload=alert(1)>", "image/png", 422),
        (picture() + b"\0" * 262_144, "image/png", 413),
        (b"\0" * 2_000_000, "image/gif", 413),
        (picture(5_000), "image/png", 422),
        (picture()[:60], "image/png", 422),
        (b"", "image/png", 422),
        (b'{"logo": "%%%"}', "application/json", 422),
        (b'{"logo": ""}', "application/json", 422),
        (b'{"logo": ["x"]}', "application/json", 422),
        (b'{"logo": null}', "application/json", 422),
    ):
        refused = put(content, kind)
        assert refused.status_code == status, (kind, content[:30], refused.content)
        assert status != 422 or [error["pointer"] for error in refused.json()["errors"]] == ["#/logo"]
    assert client.get(made.json()["logo_url"]).status_code == 200
    assert api("DELETE", path).status_code == 204
    assert api("DELETE", path).status_code == 204
    assert client.get(made.json()["logo_url"]).status_code == 404
    assert stored(acme).logo_url == ""
    with tenant_context(acme.id):
        assert Event.objects.filter(action="application.updated").count() == 2
