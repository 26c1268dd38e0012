"""Logos of metadata documents: fetched by a job, made anew, served from here, and never a way in."""

import io
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authsec.web.pictures import MAX_BYTES
from oauth.clients import approvals
from oauth.documents import clients as documents
from oauth.documents import logos
from oauth.models import Client, ClientLogo
from oauth.outbound import fetch
from oauth.outbound.location import Wrong
from tests import cast
from tests.console.api import Api, token_of
from tests.oauth.internet import GOOD, URL, Internet
from tests.oauth.test_client_documents import document_world
from tests.oauth.test_console import html, operator
from tests.oauth.world import ED, public_client, world

pytestmark = pytest.mark.django_db
LOGO = GOOD["logo_uri"]


def picture(colour: str = "red", size: tuple[int, int] = (64, 32)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "PNG", pnginfo=None)
    return made.getvalue()


def read(internet: Internet, answer: Any) -> Client:
    """The client, after the job read its logo and found ``answer``."""
    internet.pages[str(LOGO)] = answer
    logos.read(kept().pk, now=timezone.now())
    return kept()


def kept() -> Client:
    with system_context():
        return Client.objects.get(client_id=URL)


def problem() -> str:
    with system_context():
        return str(ClientLogo.objects.get(client=kept()).problem)


def queued() -> int:
    from procrastinate.contrib.django.models import ProcrastinateJob

    with system_context():
        return int(ProcrastinateJob.objects.filter(task_name=logos.TASK).count())


def test_a_logo_is_made_anew_and_served_from_our_own_origin(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    assert queued() == 1
    sent = picture() + b"<script>alert(1)</script>"
    client = read(internet, sent)
    assert len(client.logo) == 64
    answer = Browser().get(logos.logo_url(client))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert b"script" not in answer.content
    assert Image.open(io.BytesIO(answer.content)).size == (128, 128)
    assert client.logo in html(it.signed_in(ED).get(it.query(prompt="consent")[0]))
    assert client.logo in html(operator(it).get(f"/t/{it.tenant.slug}/clients/"))
    assert client.logo in html(it.signed_in(ED).get("/account/connections/"))
    told = Api(token_of(cast.owner_of(it.tenant)), it.tenant).get(f"/uflow/v2/clients/{client.pk}").json()
    assert told["logo_url"] == f"{settings.ISSUER}{logos.logo_url(client)}"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "PNG, JPEG, WebP or GIF"),
        (picture(size=(5000, 1)), "4096"),
        (b"\x89PNG" + b"0" * 300, "PNG, JPEG, WebP or GIF"),
        (b"0" * (MAX_BYTES + 1), "256 KiB"),
        (Wrong("its host has public addresses only"), "public addresses only"),
        (Wrong("it is answered without a redirect"), "without a redirect"),
        (fetch.Unreachable("did not come within 5 seconds"), "within 5 seconds"),
    ],
    ids=["svg", "too wide", "broken", "too large", "private", "redirect", "slow"],
)
def test_a_hostile_logo_is_none_and_the_operator_reads_why(
    internet: Internet, answer: Any, says: str
) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    client = read(internet, answer)
    assert client.logo == ""
    assert says in problem()
    page = html(operator(it).get(f"/t/{it.tenant.slug}/clients/{client.pk}/"))
    assert "<img" not in page
    assert says in page


def test_an_svg_by_its_type_is_not_even_read(internet: Internet) -> None:
    import re

    assert not re.fullmatch(logos.ERRAND.media_types, "image/svg+xml")
    assert not re.fullmatch(logos.ERRAND.media_types, "text/html")
    assert logos.ERRAND.max_bytes == MAX_BYTES


def test_a_picture_stays_while_its_host_is_away_and_goes_when_it_answers_wrongly(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    first = read(internet, picture()).logo
    assert first
    assert read(internet, fetch.Unreachable("was answered with status 503")).logo == first
    assert read(internet, b"not a picture").logo == ""


def test_a_logo_that_changed_since_approval_waits_for_another_look(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    decided = {"tenant_id": it.tenant.id, "client_id": read(internet, picture("red")).pk, "actor": SYSTEM}
    with tenant_context(it.tenant.id):
        approvals.approve(**decided, now=timezone.now())
    url, _ = it.query(prompt="consent")
    assert kept().logo in html(it.signed_in(ED).get(url))
    changed = read(internet, picture("blue"))
    assert changed.logo not in html(it.signed_in(ED).get(url))
    assert changed.logo not in html(it.signed_in(ED).get("/account/connections/"))
    page = html(operator(it).get(f"/t/{it.tenant.slug}/clients/{changed.pk}/"))
    assert "Changed since it was approved" in page
    assert "its logo" in page
    with tenant_context(it.tenant.id):
        approvals.approve(**decided, now=timezone.now())
    assert changed.logo in html(it.signed_in(ED).get(url))


def test_a_document_that_names_no_logo_any_more_has_none(internet: Internet) -> None:
    it = document_world()
    it.tokens(it.signed_in(ED))
    old = read(internet, picture())
    internet.pages[URL] = {name: value for name, value in GOOD.items() if name != "logo_uri"}
    documents.make_current(URL, ip=None, now=timezone.now() + documents.STALE * 2)
    assert kept().logo == ""
    assert Browser().get(logos.logo_url(old)).status_code == 404


def test_the_logo_of_a_client_that_registered_itself_is_not_fetched(internet: Internet) -> None:
    it = world()
    it.client = public_client(logo_uri="https://elsewhere.example/logo.png")
    internet.pages[str(LOGO)] = picture()
    logos.read(it.client.pk, now=timezone.now())
    assert internet.asked == []
    assert "<img" not in html(it.signed_in(ED).get(it.query()[0]))
