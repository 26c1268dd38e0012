"""The page behind an invitation's link, before and after signing in."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from tenants import operations
from tenants.models import Invitation, Tenant
from tenants.queries import memberships_of
from tests import cast
from tests.tenants.browser import Browser, link_to, mails

pytestmark = pytest.mark.django_db


def adam_of(tenant: Tenant) -> Actor:
    """Who invites."""
    owner = cast.owner_of(tenant)
    return Actor(kind="member", id=owner.pk, name="Adam Bright", capacity="owner", via="console")


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant(name="Acme Corp")


def invite(tenant: Tenant, email: str, type: str = "member", message: str = "", capture: Any = None) -> str:
    """Invite; returns the path of the mailed link."""
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks(execute=True), tenant_context(tenant.id):
        operations.invite(
            tenant_id=tenant.id,
            emails=[email],
            type=type,
            message=message,
            actor=adam_of(tenant),
            now=timezone.now(),
        )
    return link_to(email)


def test_before_signing_in_it_says_who_invites_to_what(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example", "contractor", "Look at <b>this</b>.")
    page = Browser().get(path)
    shown = page.content.decode()
    assert page.status_code == 200
    for words in ("Acme Corp", "Adam Bright", "Contractor", "nina@new.example", "Look at &lt;b&gt;this"):
        assert words in shown
    assert page["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page["Cache-Control"]
    assert f"/accounts/login/?next={path}" in shown
    assert f"/accounts/signup/?next={path}" in shown


def test_a_newcomer_signs_up_with_the_link_and_needs_no_second_mail(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    answer = browser.sign_up("nina@new.example", next=path)
    assert (answer.status_code, answer["Location"]) == (302, path), answer.content
    assert len(mails("nina@new.example")) == 1
    assert "Accept" in browser.get(path).content.decode()
    answer = browser.post(path, {"action": "accept"})
    assert (answer.status_code, answer["Location"]) == (302, "/t/acme-corp/")
    assert browser.get("/t/acme-corp/", follow=True).status_code == 200
    again = browser.get(path)
    assert again.status_code == 409
    assert "has been used" in again.content.decode()


def test_the_page_opens_no_personal_tenant(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    nina = cast.person("nina@new.example")
    browser = Browser()
    browser.force_login(nina)
    assert browser.get(path).status_code == 200
    assert memberships_of(nina.pk) == []
    browser.post(path, {"action": "decline"})
    assert memberships_of(nina.pk) == []


def test_the_wrong_account_is_named_and_may_switch(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.force_login(cast.person("other@people.example"))
    shown = browser.get(path).content.decode()
    assert "other@people.example" in shown
    assert "nina@new.example" in shown
    assert 'value="accept"' not in shown
    refused = browser.post(path, {"action": "accept"})
    assert refused.status_code == 403
    answer = browser.post(path, {"action": "switch"})
    assert (answer.status_code, answer["Location"]) == (302, path)
    assert not browser.is_signed_in
    assert re.search("Sign in", browser.get(path).content.decode())


def test_somebody_who_merely_claimed_the_address_gives_way(acme: Tenant) -> None:
    Browser().sign_up("nina@new.example", "the claimant knows this one")
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    assert browser.sign_up("nina@new.example", next=path)["Location"] == path
    assert browser.post(path, {"action": "accept"})["Location"] == "/t/acme-corp/"
    claimant = Browser()
    claimant.sign_in("nina@new.example", "the claimant knows this one")
    assert not claimant.is_signed_in


def test_the_link_proves_no_other_address_and_no_identity_that_was_there(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    assert "/accounts/confirm-email/" in browser.sign_up("other@new.example", next=path)["Location"]
    claims = cast.person("carl@new.example", verified=False)
    second = Browser()
    second.force_login(claims)
    second.get(invite(acme, "carl@new.example"))
    assert not EmailAddress.objects.get(user=claims).verified


def test_an_invitation_says_nothing_of_an_identity_that_was_deleted_and_is_good_for_a_new_one(
    acme: Tenant,
) -> None:
    path = invite(acme, "nina@new.example")
    with tenant_context(acme.id):
        before = Invitation.objects.values().get()
    there = Browser().join("nina@new.example")
    was = cast.person("nina@new.example").pk
    assert there.post("/account/delete/", {"typed": "nina@new.example"}).status_code == 302
    assert EmailAddress.objects.filter(email="nina@new.example").count() == 0
    with tenant_context(acme.id):
        assert Invitation.objects.values().get() == before
    browser = Browser()
    browser.get(path)
    browser.sign_up("nina@new.example", next=path)
    assert browser.post(path, {"action": "accept"})["Location"] == "/t/acme-corp/"
    assert cast.person("nina@new.example").pk != was


def test_a_link_that_was_revoked_meanwhile_proves_nothing(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    with tenant_context(acme.id):
        Invitation.objects.update(revoked_at=timezone.now())
    assert "/accounts/confirm-email/" in browser.sign_up("nina@new.example", next=path)["Location"]
    gone = browser.get(path)
    assert gone.status_code == 410
    assert "taken back" in gone.content.decode()


def test_where_sign_up_is_by_invitation_the_link_opens_it(acme: Tenant, settings: Any) -> None:
    settings.SIGNUP = "invited"
    assert Browser().get("/accounts/signup/").status_code == 403
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    form = browser.get(f"/accounts/signup/?next={path}")
    assert form.status_code == 200
    assert 'value="nina@new.example"' in form.content.decode()
    assert browser.sign_up("other@new.example", next=path).status_code == 422
    assert browser.sign_up("nina@new.example", next=path)["Location"] == path


@pytest.mark.parametrize("end", ["revoked_at", "declined_at"])
def test_where_sign_up_is_by_invitation_a_dead_link_opens_nothing(
    acme: Tenant, settings: Any, end: str
) -> None:
    settings.SIGNUP = "invited"
    path = invite(acme, "nina@new.example")
    browser = Browser()
    browser.get(path)
    with tenant_context(acme.id):
        Invitation.objects.update(**{end: timezone.now()})
    assert browser.get(f"/accounts/signup/?next={path}").status_code == 403
    assert browser.sign_up("nina@new.example", next=path).status_code == 403
    assert not EmailAddress.objects.filter(email="nina@new.example").exists()


def test_a_member_who_looks_at_a_colleagues_invitation_may_switch_too(acme: Tenant) -> None:
    path = invite(acme, "nina@new.example")
    alice = cast.member(acme, "alice@acme.example")
    shown = cast.signed_in(alice).get(path).content.decode()
    assert 'value="switch"' in shown
    assert "alice@acme.example" in shown
