"""The first authenticated request of a subject makes its identity; later ones renew it; no address takes one over."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as installation
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authsec.database.context import tenant_context
from tenants import operations
from tenants.identities import register_identity
from tenants.models import Identity, IdentityLink, Profile
from tenants.provisioning import provision
from tests import cast
from tests.tenants.browser import PASSWORD, Browser

GOOGLE, OKTA = "https://accounts.google.example", "https://acme.okta.example"
ED = "ed@people.example"
pytestmark = pytest.mark.django_db


def arrive(subject="1", issuer=GOOGLE, email=ED, verified=True, name="Ed", now=None, **more):
    return provision(
        issuer=issuer,
        subject=subject,
        email=email,
        email_verified=verified,
        name=name,
        now=now or timezone.now(),
        **more,
    )


def identity(found):
    return Identity.objects.get(pk=found.identity_id)


def addresses(found):
    return list(
        EmailAddress.objects.filter(user_id=found.identity_id).values_list("email", "verified", "primary")
    )


def test_the_first_request_makes_identity_link_and_proven_address():
    now = timezone.now()
    first = arrive(now=now, email=" Ed@People.example ")
    assert first.created
    made = identity(first)
    assert (made.email, made.name, made.is_active, made.has_usable_password()) == (ED, "Ed", True, False)
    assert addresses(first) == [(ED, True, True)]
    link = IdentityLink.objects.get(identity=made)
    assert (link.issuer, link.subject, link.email, link.email_verified) == (GOOGLE, "1", ED, True)
    assert (link.created_at, link.last_login_at) == (now, now)


def test_a_later_request_finds_it_and_notes_the_last_sign_in():
    now = timezone.now()
    first = arrive(now=now)
    later = arrive(now=now + timedelta(days=1))
    assert (later.identity_id, later.created) == (first.identity_id, False)
    link = IdentityLink.objects.get()
    assert link.last_login_at == now + timedelta(days=1)
    arrive(now=now)  # a request that was on its way for long
    assert IdentityLink.objects.get().last_login_at == now + timedelta(days=1)


def test_it_is_one_statement():
    with CaptureQueriesContext(connection) as statements:
        arrive()
    assert len([each for each in statements if "SAVEPOINT" not in each["sql"]]) == 1


def test_a_subject_counts_at_its_issuer_only():
    assert arrive(issuer=GOOGLE).identity_id != arrive(issuer=OKTA, email="").identity_id


def test_address_and_name_follow_the_provider():
    first = arrive()
    arrive(email="ed@new.example", name="Edward")
    assert (identity(first).email, identity(first).name) == ("ed@new.example", "Edward")
    assert addresses(first) == [("ed@new.example", True, True)]


def test_profiles_follow_too():
    tenant = cast.open_tenant()
    first = arrive()
    with tenant_context(tenant.id):
        user = operations.ensure_user(tenant_id=tenant.id, identity=identity(first), now=timezone.now())
    arrive(email="ed@new.example", name="Edward")
    with tenant_context(tenant.id):
        profile = Profile.objects.get(tenant=tenant, user=user)
        assert (profile.email, profile.display_name) == ("ed@new.example", "Edward")


def test_what_the_person_chose_here_stays():
    first = arrive()
    Identity.objects.filter(pk=first.identity_id).update(name="Eddy", email="eddy@own.example")
    arrive(email="ed@new.example", name="Edward")
    assert (identity(first).email, identity(first).name) == ("eddy@own.example", "Eddy")
    assert IdentityLink.objects.get().email == "ed@new.example"


def test_an_address_that_somebody_has_stays_theirs():
    owner = register_identity(email=ED, password=PASSWORD, name="The owner", now=timezone.now())
    newcomer = arrive()
    assert newcomer.created
    assert newcomer.identity_id != owner.pk
    made = identity(newcomer)
    assert not made.has_address
    assert made.email.endswith("@no-address.invalid")
    assert addresses(newcomer) == []
    owner.refresh_from_db()
    assert (owner.email, owner.name) == (ED, "The owner")
    assert IdentityLink.objects.get().email == ED  # noted beside the link, to suggest linking


def test_an_address_that_was_only_claimed_is_not_handed_over_either():
    Browser().sign_up(ED)
    assert not identity(arrive()).has_address


def test_a_changed_address_that_collides_changes_nothing():
    owner = register_identity(email="boss@people.example", password=PASSWORD, now=timezone.now())
    first = arrive()
    later = arrive(email="boss@people.example")
    assert later.identity_id == first.identity_id
    assert identity(first).email == ED
    assert addresses(first) == [(ED, True, True)]
    assert EmailAddress.objects.get(email="boss@people.example").user_id == owner.pk


@pytest.mark.parametrize("now_owned", [False, True], ids=["free", "taken"])
def test_an_unverified_address_matches_nothing_and_is_nobodys(now_owned):
    if now_owned:
        register_identity(email=ED, password=PASSWORD, now=timezone.now())
    newcomer = arrive(verified=False)
    assert not identity(newcomer).has_address
    assert addresses(newcomer) == []
    link = IdentityLink.objects.get()
    assert (link.email, link.email_verified) == (ED, False)


def test_an_address_comes_with_the_day_on_which_it_is_verified():
    first = arrive(verified=False)
    arrive(verified=True)
    assert identity(first).email == ED
    assert addresses(first) == [(ED, True, True)]


def test_a_later_unverified_address_does_not_replace_a_proven_one():
    first = arrive()
    arrive(email="victim@people.example", verified=False)
    assert identity(first).email == ED


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\x00b", "a\nb"])
def test_a_subject_that_is_none_is_refused(bad):
    for facts in ({"subject": bad}, {"issuer": bad}):
        with pytest.raises(ValueError, match="1 to 255"):
            arrive(**facts)


@pytest.mark.parametrize(
    "email", ["", "no address", f"{'x' * 260}@people.example", "a\x00@people.example", "x@no-address.invalid"]
)
def test_an_address_that_is_none_makes_an_identity_without_one(email):
    assert not identity(arrive(email=email)).has_address


def test_signing_in_here_is_a_way_of_its_own_with_its_last_time():
    owner = register_identity(email=ED, password=PASSWORD, name="Ed", now=timezone.now())
    assert not IdentityLink.objects.exists()
    here = Browser()
    here.sign_in(ED)
    link = IdentityLink.objects.get()
    assert (link.identity_id, link.issuer, link.subject) == (owner.pk, installation.ISSUER, str(owner.pk))
    assert (link.email, link.email_verified, link.name) == (ED, True, "Ed")
    before = link.last_login_at
    here.post("/accounts/logout/")
    here.sign_in(ED)
    link.refresh_from_db()
    assert link.last_login_at > before
    here.post("/account/name/", {"name": "Edward"})
    link.refresh_from_db()
    assert link.name == "Edward"
    assert Identity.objects.get().name == "Edward"


def test_signing_up_here_is_one_too():
    Browser().join(ED)
    assert IdentityLink.objects.get().subject == str(Identity.objects.get().pk)
