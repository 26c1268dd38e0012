"""The verbs about invitations: what they give, to whom, how often, and what the mail says."""

import email as mime
import email.policy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied
from django.test import TestCase
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authsec.secrets import digest
from endusers.models import EndUser
from tenants import operations
from tenants.invitations import invitations, read_offer
from tenants.models import Invitation, Membership, Profile, Tenant, TenantUser
from tests import cast
from tests.tenants.browser import link_to, mails

pytestmark = pytest.mark.django_db
NOW = timezone.now() + timedelta(days=1)  # after everything that a test makes, however long the run takes


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant(name="Acme Corp")


def actor_of(user: TenantUser, name: str = "Adam Bright") -> Actor:
    return Actor(kind="member", id=user.pk, name=name, via="console")


def invite(
    tenant: Tenant, *emails: str, type: str = "member", by: Actor | None = None, **rest: Any
) -> list[operations.Invited]:
    by = by or actor_of(cast.owner_of(tenant))
    with TestCase.captureOnCommitCallbacks(execute=True), tenant_context(tenant.id):
        return operations.invite(
            tenant_id=tenant.id, emails=emails, type=type, actor=by, now=rest.pop("now", NOW), **rest
        )


def verb(tenant: Tenant, name: str, invitation: Invitation, by: Actor | None = None, now: Any = NOW) -> Any:
    with TestCase.captureOnCommitCallbacks(execute=True), tenant_context(tenant.id):
        return getattr(operations, f"{name}_invitation")(
            tenant_id=tenant.id,
            invitation_id=invitation.pk,
            actor=by or actor_of(cast.owner_of(tenant)),
            now=now,
        )


def token_for(address: str) -> str:
    return link_to(address).removeprefix("/invitations/").rstrip("/")


def accept(address: str, token: str = "", who: Any = None, now: Any = NOW) -> Membership:
    identity = who or cast.person(address)
    return operations.accept_invitation(
        token=token or token_for(address),
        identity=identity,
        actor=Actor(kind="identity", id=identity.pk, name=identity.get_full_name()),
        now=now,
    )


def actions(tenant: Tenant) -> list[str]:
    with tenant_context(tenant.id):
        rows = Event.objects.filter(tenant=tenant, action__startswith="invitation.")
        return list(rows.order_by("id").values_list("action", flat=True))


def test_each_address_is_answered_in_its_place_and_once(acme: Tenant) -> None:
    cast.member(acme, "alice@acme.example")
    sue = cast.member(acme, "sue@acme.example")
    with tenant_context(acme.id):
        operations.suspend_member(tenant_id=acme.id, user_id=sue.pk, reason="away", actor=SYSTEM, now=NOW)
    invite(acme, "pending@new.example")
    answers = invite(
        acme,
        "B@new.example",
        "alice@acme.example",
        "sue@acme.example",
        "pending@new.example",
        " b@NEW.example",
        "a@new.example",
    )
    assert [(answer.email, answer.outcome) for answer in answers] == [
        ("b@new.example", "sent"),
        ("alice@acme.example", "member"),
        ("sue@acme.example", "suspended"),
        ("pending@new.example", "resent"),
        ("a@new.example", "sent"),
    ]
    assert actions(acme) == ["invitation.sent", "invitation.sent", "invitation.resent", "invitation.sent"]
    assert mails("alice@acme.example") == mails("sue@acme.example") == []


@pytest.mark.parametrize(
    "wrong", ["", "nobody", "a@b\x00.example", "a@b.example\nBcc: c@d.example", "a" * 250 + "@b.example"]
)
def test_what_is_no_address_is_refused_and_nobody_is_invited(acme: Tenant, wrong: str) -> None:
    with pytest.raises(operations.NotAnAddress):
        invite(acme, "fine@new.example", wrong)
    with pytest.raises(operations.NotAnAddress):
        invite(acme, *[f"p{n}@new.example" for n in range(51)])
    assert actions(acme) == []


def test_only_the_digest_of_256_bits_is_kept(acme: Tenant) -> None:
    (answer,) = invite(acme, "nina@new.example")
    token = token_for("nina@new.example")
    assert len(token) == 43
    with system_context():
        row = Invitation.objects.get(pk=answer.invitation and answer.invitation.pk)
        kept = [str(getattr(row, field.attname)) for field in Invitation._meta.fields]
        events = [str((event.before, event.after, event.reason)) for event in Event.objects.all()]
    assert row.token_digest == digest(token)
    assert row.sent_at is not None
    assert token not in " ".join(kept + events)


def test_accepting_makes_a_member_and_works_once(acme: Tenant) -> None:
    invite(acme, "nina@new.example", type="contractor")
    membership = accept("Nina@New.example".lower())
    assert (membership.type, membership.status, membership.source) == ("contractor", "active", "invite")
    assert membership.invited_by == cast.owner_of(acme).pk
    with pytest.raises(operations.InvitationUsed):
        accept("nina@new.example")
    assert actions(acme) == ["invitation.sent", "invitation.accepted"]


def test_the_address_must_be_verified_and_the_invited_one(acme: Tenant) -> None:
    invite(acme, "nina@new.example")
    token = token_for("nina@new.example")
    claims = cast.person("nina@new.example", verified=False)
    for who in (claims, cast.person("other@new.example")):
        with pytest.raises(operations.WrongAddress):
            accept("nina@new.example", token, who)
    with tenant_context(acme.id):
        assert not Profile.objects.filter(email="nina@new.example").exists()


@pytest.mark.parametrize("lookalike", ["n\u0131na@new.example", "nina@new.\u017fhop.example"])
def test_letters_that_only_capitals_make_alike_are_another_address(acme: Tenant, lookalike: str) -> None:
    invited = lookalike.replace("\u0131", "i").replace("\u017f", "s")
    invite(acme, invited)
    with pytest.raises(operations.WrongAddress):
        accept(invited, who=cast.person(lookalike))


def test_after_seven_days_it_is_over_and_resending_begins_anew(acme: Tenant) -> None:
    (answer,) = invite(acme, "nina@new.example")
    old, later = token_for("nina@new.example"), NOW + timedelta(days=7)
    with pytest.raises(operations.InvitationExpired):
        accept("nina@new.example", now=later)
    assert answer.invitation
    verb(acme, "resend", answer.invitation, now=later)
    with pytest.raises(operations.NoSuchInvitation):
        accept("nina@new.example", old, now=later)
    assert accept("nina@new.example", now=later).status == "active"


def test_a_revoked_one_is_dead_and_stays_so(acme: Tenant) -> None:
    (answer,) = invite(acme, "nina@new.example")
    assert answer.invitation
    verb(acme, "revoke", answer.invitation)
    verb(acme, "revoke", answer.invitation)
    with pytest.raises(operations.InvitationRevoked):
        accept("nina@new.example")
    with pytest.raises(operations.InvitationRevoked):
        verb(acme, "resend", answer.invitation)
    assert actions(acme) == ["invitation.sent", "invitation.revoked"]
    assert invite(acme, "nina@new.example")[0].outcome == "sent"


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[::-1], lambda t: "x\x00", lambda t: ""]
)
def test_a_tampered_link_leads_nowhere(acme: Tenant, change: Any) -> None:
    invite(acme, "nina@new.example")
    with pytest.raises(operations.NoSuchInvitation):
        accept("nina@new.example", change(token_for("nina@new.example")) or "-")
    assert read_offer(change(token_for("nina@new.example")), NOW) is None


def test_who_left_comes_back_and_an_end_user_stays_one(acme: Tenant) -> None:
    gone = cast.member(acme, "leo@people.example")
    with tenant_context(acme.id):
        operations.remove_member(tenant_id=acme.id, user_id=gone.pk, actor=SYSTEM, now=NOW)
    cast.end_user(acme, "ed@people.example")
    invite(acme, "leo@people.example", "ed@people.example")
    assert accept("leo@people.example").user_id == gone.pk
    joined = accept("ed@people.example")
    with tenant_context(acme.id):
        assert EndUser.objects.filter(tenant=acme, user_id=joined.user_id, status="active").exists()


def test_an_invitation_ends_no_suspension(acme: Tenant) -> None:
    invite(acme, "sue@people.example")
    sue = cast.member(acme, "sue@people.example")
    with tenant_context(acme.id):
        operations.suspend_member(tenant_id=acme.id, user_id=sue.pk, reason="away", actor=SYSTEM, now=NOW)
    with pytest.raises(operations.MemberSuspended):
        accept("sue@people.example")
    with tenant_context(acme.id):
        assert Membership.objects.get(user_id=sue.pk).status == "suspended"


def test_a_closed_tenant_takes_nobody_in(acme: Tenant) -> None:
    invite(acme, "nina@new.example")
    with system_context():
        Tenant.objects.filter(pk=acme.pk).update(status="closed")
    with pytest.raises(operations.TenantClosed):
        accept("nina@new.example")
    offer = read_offer(token_for("nina@new.example"), NOW)
    assert offer is not None
    assert offer.state == "closed"


@pytest.mark.parametrize(
    ("giver", "type", "may"),
    [
        ("admin", "owner", False),
        ("admin", "admin", True),
        ("admin", "member", True),
        ("member", "contractor", False),
        ("owner", "owner", True),
    ],
)
def test_nobody_invites_to_more_than_they_hold(acme: Tenant, giver: str, type: str, may: bool) -> None:
    by = actor_of(cast.member(acme, f"{giver}@people.example", giver))
    if may:
        invite(acme, "nina@new.example", type=type, by=by)
        assert accept("nina@new.example").type == type
    else:
        with pytest.raises(PermissionDenied):
            invite(acme, "nina@new.example", type=type, by=by)
        assert actions(acme) == []


@pytest.mark.parametrize("lost", ["suspended", "demoted", "removed"])
def test_who_lost_their_power_gives_none_through_an_old_invitation(acme: Tenant, lost: str) -> None:
    adam = cast.member(acme, "adam@acme.example", "admin")
    (answer,) = invite(acme, "nina@new.example", type="admin", by=actor_of(adam))
    common = {"tenant_id": acme.id, "user_id": adam.pk, "actor": SYSTEM, "now": NOW}
    with tenant_context(acme.id):
        if lost == "suspended":
            operations.suspend_member(**common, reason="away")
        elif lost == "demoted":
            operations.change_member_type(**common, type="member")
        else:
            operations.remove_member(**common)
    with pytest.raises(operations.InvitationVoid):
        accept("nina@new.example")
    offer = read_offer(token_for("nina@new.example"), NOW)
    assert offer is not None
    assert offer.state == "void"
    assert answer.invitation
    verb(acme, "resend", answer.invitation)  # an owner answers for it from now on
    assert accept("nina@new.example").type == "admin"


def test_power_that_waits_for_the_invited_must_be_the_senders_too(acme: Tenant) -> None:
    ed = cast.end_user(acme, "ed@people.example")
    role = cast.role(acme, "Closer", [])
    with tenant_context(acme.id):
        from authz.models import RoleScope

        RoleScope.objects.create(tenant=acme, role=role, kind=RoleScope.Kind.CONSOLE, name="org:close")
    with tenant_context(acme.id):
        crew = cast.group(acme, "crew", [ed.user])
    cast.bind(acme, role, crew)
    adam = actor_of(cast.member(acme, "adam@acme.example", "admin"))
    invite(acme, "ed@people.example", by=adam)
    with pytest.raises(operations.InvitationVoid):
        accept("ed@people.example")


def test_the_hourly_limit_holds_for_all_and_says_when(acme: Tenant, settings: Any) -> None:
    settings.INVITATIONS_PER_HOUR = 3
    invite(acme, "a@new.example", "b@new.example")
    invite(acme, "a@new.example", now=NOW + timedelta(minutes=10))
    with pytest.raises(operations.TooManyInvitations) as refused:
        invite(acme, "c@new.example", now=NOW + timedelta(minutes=20))
    assert refused.value.retry_after == 40 * 60 + 1
    assert mails("c@new.example") == []
    later = NOW + timedelta(seconds=20 * 60 + refused.value.retry_after)
    assert invite(acme, "c@new.example", now=later)[0].outcome == "sent"
    other = cast.open_tenant("globex", "greta@globex.example")
    assert invite(other, "c@new.example")[0].outcome == "sent"


def test_the_plan_counts_open_invitations_and_an_acceptance_takes_no_second_place(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants import plans

    monkeypatch.setitem(plans.ALLOWS["free"], plans.MEMBERS, 2)
    invite(acme, "a@new.example")
    with pytest.raises(operations.PlanLimit):
        invite(acme, "b@new.example")
    assert invite(acme, "a@new.example")[0].outcome == "resent"
    assert accept("a@new.example").status == "active"


def test_declining_names_the_address_and_no_identity(acme: Tenant) -> None:
    invite(acme, "nina@new.example")
    nina = cast.person("nina@new.example")
    operations.decline_invitation(
        token=token_for("nina@new.example"),
        identity=nina,
        actor=Actor(kind="identity", id=nina.pk, name="Nina"),
        now=NOW,
    )
    with pytest.raises(operations.InvitationDeclined):
        accept("nina@new.example")
    with tenant_context(acme.id):
        event = Event.objects.get(action="invitation.declined")
        assert (event.actor_id, event.actor_name) == (None, "nina@new.example")
        assert invitations(acme.id, NOW, "declined").count() == 1
        assert invitations(acme.id, NOW, "pending").count() == 0


HOSTILE = "Evil\r\nBcc: all@victims.example\u202e <script>alert(1)</script>"


def test_hostile_names_and_messages_reach_neither_headers_nor_markup(settings: Any) -> None:
    settings.PUBLIC_URL = "https://auth.example"
    tenant = cast.open_tenant("evil", name=HOSTILE[:100])
    by = actor_of(cast.owner_of(tenant), name=HOSTILE)
    invite(
        tenant,
        "nina@new.example",
        by=by,
        message="-- \n.\r\nFrom: boss\x0b<img src=x>\u2028http://x.example/",
    )
    (path,) = Path(django_settings.EMAIL_FILE_PATH).glob("*.eml")
    letter = mime.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert letter["To"] == "nina@new.example"
    assert letter["Bcc"] is None
    assert "Evil Bcc: all@victims.example" in letter["Subject"]
    assert len(letter["Subject"]) <= 150
    text = letter.get_body(("plain",)).get_content()
    html = letter.get_body(("html",)).get_content()
    assert "\u202e" not in text + html + letter["Subject"]
    assert "> From: boss" in text
    assert "\nFrom: boss" not in text
    assert "<script>" not in html
    assert "<img" not in html
    assert html.count("href=") == 1
    assert 'href="https://auth.example/invitations/' in html
    assert " style=" not in html


def test_a_mail_server_that_is_down_loses_no_invitation(acme: Tenant, settings: Any, caplog: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    (answer,) = invite(acme, "nina@new.example")
    with tenant_context(acme.id):
        (row,) = invitations(acme.id, NOW, "pending")
        assert row.sent_at is None
    assert "/invitations/" not in caplog.text
    settings.EMAIL_BACKEND = "authsec.outbox.OutboxBackend"
    assert answer.invitation
    verb(acme, "resend", answer.invitation)
    with tenant_context(acme.id):
        assert invitations(acme.id, NOW, "pending").get().sent_at is not None
    assert accept("nina@new.example").status == "active"
