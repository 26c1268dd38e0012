"""Deleting one's identity: what goes, what each tenant keeps, who must stay, and that a new person is a new person."""

from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authsec.sessions import session_ended
from endusers import operations as endusers
from endusers.models import EndUser
from oauth.models import AccessToken, Consent
from tenants.identities import enrol_authenticator
from tenants.models import Identity, IdentityLink, Membership, Profile, Tenant
from tests import cast
from tests.oauth.world import ED, world
from tests.tenants.browser import Browser, link_to, mails

pytestmark = pytest.mark.django_db
PAGE = "/account/delete/"


def delete(browser: Any, word: str = ED) -> Any:
    return browser.post(PAGE, {"typed": word})


def fresh(who: Any) -> Any:
    """A browser in which the person has just confirmed who they are."""
    return cast.signed_in(who)


def everything(needle: str) -> list[str]:
    """The tables in which a text stands somewhere, but for the audit log, which keeps what was written."""
    from django.db import connection

    with system_context(), connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        found = []
        for (table,) in cursor.fetchall():
            if table.startswith(("audit_", "procrastinate_", "oauth_signingkey")):
                continue
            cursor.execute(f'select exists (select from "{table}" t where strpos(t::text, %s) > 0)', [needle])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_the_word_must_be_typed() -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    browser = fresh(cast.person(ED))
    answer = delete(browser, "something else")
    assert answer.status_code == 422
    assert cast.person(ED).is_active


def test_an_end_user_goes_and_the_tenant_keeps_a_pseudonym() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    identity = cast.person(ED)
    enrol_authenticator(identity=identity, secret="JBSWY3DPEHPK3PXP")
    user = cast.user_of(it.tenant, ED)
    browser = fresh(identity)
    session = browser.session
    session["account_authentication_methods"].append(
        {"method": "mfa", "type": "totp", "at": timezone.now().timestamp()}
    )
    session.save()
    other = fresh(identity)
    ended: list[str] = []
    listen = lambda reason, **_: ended.append(reason)  # noqa: E731
    session_ended.connect(listen)
    assert it.tenant.name in browser.get(PAGE).content.decode()
    answer = delete(browser)
    session_ended.disconnect(listen)
    assert answer["Location"] == "/accounts/login/"
    assert it.facts(token) == {"active": False}
    assert "identity_deleted" in ended
    assert other.get("/account/").status_code == 302
    assert not IdentityLink.objects.filter(identity=identity).exists()
    with tenant_context(it.tenant.id):
        profile = Profile.objects.get(user=user)
        assert profile.display_name == f"Deleted user {user.pk.hex[-6:]}"
        assert EndUser.objects.get(user=user).status == "active"
        assert not Consent.objects.filter(user=user, withdrawn_at=None).exists()
        assert not AccessToken.objects.filter(subject=user.pk).exists()
        written = list(Event.objects.filter(actor_id=user.pk).order_by("at", "id"))
    assert {event.actor_name for event in written[-2:]} == {profile.display_name}
    assert "identity.deleted" in [event.action for event in written]
    assert everything(ED) == []


def test_the_same_address_is_a_new_person_with_nothing_of_the_old() -> None:
    it = world()
    identity = cast.person(ED)
    it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        endusers.suspend(
            tenant_id=it.tenant.id,
            user_id=cast.user_of(it.tenant, ED).pk,
            reason="a test",
            actor=cast.SYSTEM,
            now=timezone.now(),
        )
    delete(fresh(identity))
    assert Browser().sign_in(ED, cast.PASSWORD).status_code == 422
    newcomer = Browser()
    newcomer.sign_up(ED)
    newcomer.post(link_to(ED))
    new = Identity.objects.get(email=ED)
    assert new.pk != identity.pk
    assert "connected nothing" in newcomer.get("/account/connections/").content.decode()
    with tenant_context(it.tenant.id):
        assert EndUser.objects.get(user__identity=identity).status == "suspended"
        assert not EndUser.objects.filter(user__identity=new).exists()
        assert EndUser.objects.count() == 1


def test_a_member_leaves_and_a_suspended_one_stays_suspended() -> None:
    it = world()
    other = cast.open_tenant("globex", "gil@globex.example")
    user, there = cast.member(it.tenant, ED), cast.member(other, ED)
    with tenant_context(other.id):
        from tenants import operations as tenants

        tenants.suspend_member(
            tenant_id=other.id, user_id=there.pk, reason="a test", actor=cast.SYSTEM, now=timezone.now()
        )
    assert delete(fresh(cast.person(ED))).status_code == 302
    with tenant_context(it.tenant.id):
        assert Membership.objects.get(user=user).status == "left"
    with tenant_context(other.id):
        assert Membership.objects.get(user=there).status == "suspended"
        names = [profile.display_name for profile in Profile.objects.filter(user=there)]
    assert names == [f"Deleted user {there.pk.hex[-6:]}"]


def test_the_last_owner_of_a_tenant_with_others_must_hand_over_or_close_first() -> None:
    it = world()
    cast.member(it.tenant, "mia@acme.example")
    owner = cast.owner_of(it.tenant).identity
    browser = fresh(owner)
    page = browser.get(PAGE).content.decode()
    assert f"/t/{it.tenant.slug}/settings/close/" in page
    assert f"/t/{it.tenant.slug}/settings/transfer/" in page
    answer = delete(browser, owner.email)
    assert answer.status_code == 409
    owner.refresh_from_db()
    assert owner.is_active
    with tenant_context(it.tenant.id):
        assert Profile.objects.filter(email=owner.email).exists()


def test_a_tenant_with_nobody_else_closes_with_its_owner() -> None:
    tenant = cast.open_tenant("alone", "sol@people.example", personal=True)
    assert "closes with you" in fresh(cast.owner_of(tenant)).get(PAGE).content.decode()
    assert delete(fresh(cast.owner_of(tenant)), "sol@people.example").status_code == 302
    with system_context():
        assert Tenant.objects.get(pk=tenant.pk).status == "closed"


def test_nobody_deletes_without_having_confirmed_who_they_are() -> None:
    it = world()
    browser = it.signed_in(ED)
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 10_000
    session.save()
    assert "/accounts/reauthenticate/" in delete(browser)["Location"]
    assert cast.person(ED).is_active


def test_the_old_address_is_told() -> None:
    browser = Browser()
    browser.join("joe@people.example")
    browser.get("/")
    browser.post(PAGE, {"typed": "joe@people.example"})
    assert "deleted" in mails("joe@people.example")[0].subject
