"""A role bound on one Application gives its console permissions on that Application only (Rule 7)."""

import pytest

from tests import cast

pytestmark = pytest.mark.django_db


def test_power_over_one_application_opens_its_pages_and_no_others() -> None:
    tenant = cast.open_tenant()
    ours, other = cast.application(tenant, "ours", ["read"]), cast.application(tenant, "other", ["read"])
    keeper = cast.member(tenant, "carl@freelance.example", "service_operator")
    cast.bind(tenant, cast.role(tenant, "Keeper", console=["apps:read", "apps:manage"]), keeper, ours)
    browser = cast.signed_in(keeper)
    pages = f"/t/{tenant.slug}/applications/"

    assert browser.get(f"{pages}{ours.pk}/edit/").status_code == 200
    assert browser.post(f"{pages}{ours.pk}/disable/", {"reason": "leak"}).status_code in (302, 303)
    assert browser.get(f"{pages}{other.pk}/edit/").status_code == 403
    assert browser.post(f"{pages}{other.pk}/disable/", {"reason": "leak"}).status_code == 403
    assert browser.get(f"{pages}new/").status_code == 403


def test_who_may_see_their_own_access_alone_learns_of_nobody_else() -> None:
    tenant = cast.open_tenant()
    cast.member(tenant, "mia@people.example")
    cast.member(tenant, "max@people.example")
    browser = cast.signed_in(cast.member(tenant, "carl@freelance.example", "contractor"))
    page = f"/t/{tenant.slug}/authz/effective-access/"

    for place in (page, f"{page}text/"):
        asked = [
            browser.get(place, {"user": text}) for text in ("people.example", "mia@people.example", "nobody")
        ]
        assert [answer.status_code for answer in asked] == [403, 403, 403]
        assert b"max@people.example" not in asked[0].content
        assert browser.get(place, {"user": "carl@freelance.example"}).status_code == 200
    assert browser.get(page).status_code == 200
