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
