"""Two identities of one person are suggested to be put together, and put together by who signs in as both."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from authsec.database.context import tenant_context
from tenants import operations
from tenants.identities import register_identity
from tenants.links import LinkRefused, put_together, suggestions
from tenants.models import Identity, IdentityLink
from tests import cast
from tests.tenants.browser import PASSWORD, Browser, mails
from tests.tenants.test_provisioning import ED, GOOGLE, arrive

pytestmark = pytest.mark.django_db
LINKS = "/account/links/"


@pytest.fixture
def owner():
    """Ed, who signs in here with a password and has done so."""
    identity = register_identity(email=ED, password=PASSWORD, name="Ed", now=timezone.now())
    Browser().sign_in(ED)
    return identity


@pytest.fixture
def newcomer(owner):
    """Whoever came by a provider that has verified Ed's address: an identity of its own, without one."""
    return Identity.objects.get(pk=arrive().identity_id)


@pytest.fixture
def here(newcomer):
    """A browser in which the newcomer has signed in by the provider."""
    browser = Browser()
    browser.cookies = cast.signed_in(newcomer).cookies
    return browser


def begin(browser):
    return browser.post(LINKS, {"action": "begin"})


def test_both_are_told_and_nothing_happens(owner, newcomer, here):
    assert [each.identity_id for each in suggestions(owner.pk)] == [newcomer.pk]
    assert [each.identity_id for each in suggestions(newcomer.pk)] == [owner.pk]
    assert "Another account has the same confirmed address" in here.get("/account/").content.decode()
    page = here.get(LINKS).content.decode()
    assert "accounts.google.example" in page
    assert Identity.objects.filter(is_active=True).count() == 2


def test_an_address_that_nobody_verified_suggests_nothing(owner):
    other = arrive(verified=False)
    assert suggestions(owner.pk) == suggestions(other.identity_id) == []


def test_who_signs_in_as_both_puts_them_together(owner, newcomer, here):
    assert begin(here)["Location"] == f"/accounts/login/?next={LINKS}"
    assert not here.is_signed_in
    assert here.sign_in(ED, next=LINKS)["Location"] == LINKS
    assert "Put both together" in here.get(LINKS).content.decode()
    assert here.post(LINKS, {"action": "link"})["Location"] == LINKS
    assert arrive().identity_id == owner.pk  # the provider's way opens Ed's account from now on
    newcomer.refresh_from_db()
    assert not newcomer.is_active
    assert here.is_signed_in
    assert suggestions(owner.pk) == []
    owner.refresh_from_db()
    assert (owner.email, owner.name) == (ED, "Ed")
    assert mails(ED)[0].subject == "A way to sign in was added"


def test_signing_in_as_one_alone_is_not_enough(owner, newcomer):
    browser = Browser()
    browser.sign_in(ED)
    assert browser.post(LINKS, {"action": "link"}).status_code == 422
    assert IdentityLink.objects.get(issuer=GOOGLE).identity_id == newcomer.pk


def test_it_must_be_done_within_a_quarter_of_an_hour(owner, newcomer, here):
    begin(here)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        here.sign_in(ED, next=LINKS)
        assert here.post(LINKS, {"action": "link"}).status_code == 422
    assert IdentityLink.objects.get(issuer=GOOGLE).identity_id == newcomer.pk


def test_signing_in_as_a_third_links_nothing(owner, newcomer, here):
    register_identity(email="al@people.example", password=PASSWORD, now=timezone.now())
    begin(here)
    here.sign_in("al@people.example")
    assert here.post(LINKS, {"action": "link"}).status_code == 422
    assert IdentityLink.objects.get(issuer=GOOGLE).identity_id == newcomer.pk


def test_one_that_a_tenant_knows_is_never_folded(owner, newcomer):
    tenant = cast.open_tenant()
    with tenant_context(tenant.id):
        operations.ensure_user(tenant_id=tenant.id, identity=newcomer, now=timezone.now())
    with pytest.raises(LinkRefused, match="both stay"):
        put_together(first=owner, second=newcomer)
    newcomer.refresh_from_db()
    assert newcomer.is_active


def test_strangers_to_each_other_are_refused(owner):
    other = Identity.objects.get(pk=arrive(subject="2", email="al@people.example").identity_id)
    with pytest.raises(LinkRefused, match="no verified address in common"):
        put_together(first=owner, second=other)
