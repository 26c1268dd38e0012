"""What clients asked for last, as Effective Access takes it for the third term."""

import re

import pytest
from django.utils.html import strip_tags

from tests import cast
from tests.oauth.test_console import html, operator
from tests.oauth.world import ED, world

pytestmark = pytest.mark.django_db


def test_a_clients_last_request_becomes_the_requested_term() -> None:
    it = world()
    it.tokens(it.signed_in(ED), scope="read")
    ed, browser = cast.user_of(it.tenant, ED), operator(it)
    page = f"/t/{it.tenant.slug}/authz/effective-access/"
    listed = html(browser.get(f"{page}requests/?user={ed.pk}"))
    assert f'value="{it.application.pk} read"' in listed
    swapped = browser.get(
        f"{page}requests/?user={ed.pk}&on={it.application.pk}&mfa=fresh", headers={"HX-Request": "true"}
    ).content.decode()
    assert f'id="asked-{it.application.pk}" hx-swap-oob="true"' in swapped
    assert '<input type="hidden" name="mfa" value="fresh">' in swapped
    answer = html(browser.get(page, {"user": ed.pk, "asked": f"{it.application.pk} read"}))
    said = re.sub(r"\s+", " ", strip_tags(answer))
    assert "removed by requested; the client did not ask" in said
    assert "as if a client asked for read" in said
    chosen = browser.get(
        f"{page}requests/",
        {"user": ed.pk, "on": it.application.pk, "asked": f"{it.application.pk} read"},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert f'value="{it.application.pk} read" selected' in chosen


def test_what_cannot_be_asked_is_refused() -> None:
    it = world()
    ed, browser = cast.user_of(it.tenant, ED), operator(it)
    page = f"/t/{it.tenant.slug}/authz/effective-access/"
    assert browser.get(f"{page}requests/").status_code == 400
    for bad in ("nobody", "00000000-0000-4000-8000-000000000000"):
        assert browser.get(f"{page}requests/?user={bad}").status_code == 404
    assert browser.get(f"{page}requests/?user={ed.pk}&on=x").status_code == 404
    assert browser.get(page, {"user": ed.pk, "asked": "x read"}).status_code == 422
