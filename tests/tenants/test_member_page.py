"""A member's page, and leaving by oneself, as browsers get them."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import bindings, groups
from tenants import operations
from tenants.models import Membership
from tests import cast
from tests.oauth.world import world as oauth_world
from tests.statements import statements

pytestmark = pytest.mark.django_db
TEAM = "/t/acme-corp/settings/team/"


@pytest.fixture
def acme() -> Any:
    return cast.open_tenant()


@pytest.fixture
def alice(acme: Any) -> Any:
    return cast.member(acme, "alice@acme.example", name="Alice Moreau")


@pytest.fixture
def olga(acme: Any) -> Any:
    return cast.signed_in(cast.owner_of(acme))


def status_of(user: Any) -> str:
    with tenant_context(user.tenant_id):
        return Membership.objects.get(user_id=user.id).status


def test_the_page_shows_who_they_are_what_they_hold_and_what_happened(
    acme: Any, alice: Any, olga: Any
) -> None:
    cast.group(acme, "on-call", [alice])
    cast.end_user(acme, "alice@acme.example", "pro")
    olga.post(f"{TEAM}{alice.id}/suspend/?from=member", {"reason": "lost laptop"})
    page = olga.get(f"{TEAM}{alice.id}/").text
    for shown in (
        str(alice.id),
        "Suspended by Olga: lost laptop",
        "on-call",
        "Pro tier",
        f"/t/acme-corp/end-users/{alice.id}/",
        f"/t/acme-corp/authz/users/{alice.id}/access/",
        "suspended member",
        "Reactivate…",
        "Remove…",
    ):
        assert shown in page, shown
    assert "Suspend…" not in page


def test_what_they_did_stands_there_too_and_needs_the_right_to_read_the_audit_log(
    acme: Any, alice: Any
) -> None:
    adam = cast.member(acme, "adam@acme.example", "admin", name="Adam")
    cast.signed_in(adam).post(f"{TEAM}{alice.id}/suspend/", {"reason": "lost laptop"})
    page = cast.signed_in(cast.owner_of(acme)).get(f"{TEAM}{adam.id}/").text
    assert "suspended member <b>Alice Moreau</b>" in page
    with_team_only = cast.member(acme, "tess@acme.example", "contractor")
    cast.bind(acme, cast.role(acme, "Team reader", console=["team:read"]), with_team_only)
    page = cast.signed_in(with_team_only).get(f"{TEAM}{adam.id}/").text
    assert "suspended member" not in page
    assert "Read audit logs" in page


def test_what_concerns_them_stands_there_as_well(acme: Any, alice: Any, olga: Any) -> None:
    group, told = cast.group(acme, "on-call"), {"tenant_id": acme.id, "actor": SYSTEM, "now": timezone.now()}
    groups.add_members(group_id=group.pk, user_ids=[alice.id], **told)
    bindings.bind(role_id=cast.role(acme, "Runner").pk, user_id=alice.id, **told)
    bindings.bind(role_id=cast.role(acme, "Group runner").pk, group_id=group.pk, **told)
    olga.post(f"{TEAM}{alice.id}/remove/")
    page = olga.get(f"{TEAM}{alice.id}/").text
    for shown in (
        "added <b>Alice Moreau</b> to <b>on-call</b>",
        "Runner tenant-wide for Alice Moreau",
        "out of",
    ):
        assert shown in page, shown
    assert "Group runner" not in page
    log = olga.get(f"/t/acme-corp/audit/?target={alice.id}").text
    assert "Runner tenant-wide for Alice Moreau" in log
    assert "Group runner" not in log


def test_the_notice_of_a_suspension_takes_it_back(acme: Any, alice: Any, olga: Any) -> None:
    page = olga.post(f"{TEAM}{alice.id}/suspend/", {"reason": "lost laptop"}, follow=True).text
    [undo] = re.findall(r'<form method="post" action="([^"]+/reactivate/)"><input type="hidden"', page)
    assert ">Undo</button>" in page
    assert ">Undo</button>" not in olga.post(undo, follow=True).text
    assert status_of(alice) == "active"


def test_a_page_of_somebody_who_left_says_how_they_come_back(acme: Any, alice: Any, olga: Any) -> None:
    olga.post(f"{TEAM}{alice.id}/remove/")
    page = olga.get(f"{TEAM}{alice.id}/").text
    assert "An invitation brings them back" in page
    for gone in ("Suspend…", "Remove…", "Change type…", "Reactivate…", "Danger zone"):
        assert gone not in page


def test_nobody_elses_members_have_a_page_here(acme: Any, olga: Any) -> None:
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    consumer = cast.end_user(acme, "ed@consumer.example")
    for user_id in (uuid4(), cast.owner_of(tools).id, consumer.user_id):
        assert olga.get(f"{TEAM}{user_id}/").status_code == 404


def test_an_admin_is_offered_nothing_about_an_owner_and_gets_403(acme: Any) -> None:
    owner = cast.owner_of(acme)
    adam = cast.signed_in(cast.member(acme, "adam@acme.example", "admin"))
    page = adam.get(f"{TEAM}{owner.id}/").text
    for hidden in ("Suspend…", "Remove…", "Change type…"):
        assert hidden not in page
    for change, answer in (("suspend", {"reason": "x"}), ("type", {"type": "member"}), ("remove", {})):
        assert adam.get(f"{TEAM}{owner.id}/{change}/").status_code == 403
        assert adam.post(f"{TEAM}{owner.id}/{change}/", answer).status_code == 403
    assert status_of(owner) == "active"


def test_the_page_takes_the_same_statements_whatever_they_hold(acme: Any, alice: Any, olga: Any) -> None:
    counts = []
    for more in (0, 8):
        cast.group(acme, f"group {more}", [alice])
        for number in range(more):
            cast.group(acme, f"more {number}", [alice])
        olga.get(f"{TEAM}{alice.id}/")
        with statements() as sent:
            assert olga.get(f"{TEAM}{alice.id}/").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 7


def test_a_confirmation_counts_what_it_stops_and_what_it_ends() -> None:
    it = oauth_world()
    alice = cast.member(it.tenant, "alice@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), alice, it.application)
    cast.group(it.tenant, "on-call", [alice])
    it.tokens(it.signed_in("alice@acme.example"), scope="run")
    owner = cast.signed_in(cast.owner_of(it.tenant))
    ask = f"/t/acme-corp/settings/team/{alice.id}"
    for change, lines in (
        ("suspend", ["<b>2</b><span>tokens answer inactive now", "<b>1</b><span>group stays"]),
        (
            "remove",
            [
                "<b>2</b><span>tokens are revoked now",
                "<b>2</b><span>direct roles end",
                "<b>1</b><span>group loses them",
            ],
        ),
    ):
        page = owner.get(f"{ask}/{change}/").text
        for line in lines:
            assert line in page, (change, line)


def test_a_contractor_leaves_by_themselves(acme: Any) -> None:
    carl = cast.member(acme, "carl@freelance.example", "contractor")
    browser = cast.signed_in(carl)
    assert browser.get(TEAM).status_code == 403
    leave = f"/account/tenants/{acme.id}/leave/"
    assert leave in browser.get("/account/tenants/").text
    asked = browser.get(leave).text
    assert "Leave acme-corp?" in asked
    assert "<b>1</b><span>direct role ends" in asked
    answer = browser.post(leave, {"reason": "done here"}, follow=True)
    assert "You have left acme-corp" in answer.text
    assert status_of(carl) == "left"
    assert browser.get("/t/acme-corp/").status_code == 403
    assert browser.get(leave).status_code == 404


def test_the_last_owner_and_a_suspended_member_hear_why_they_cannot_leave(
    acme: Any, alice: Any, olga: Any
) -> None:
    leave = f"/account/tenants/{acme.id}/leave/"
    refused = olga.post(leave)
    assert refused.status_code == 409
    assert "last active owner" in refused.text
    with tenant_context(acme.id):
        operations.suspend_member(
            tenant_id=acme.id, user_id=alice.id, reason="x", actor=SYSTEM, now=timezone.now()
        )
    refused = cast.signed_in(alice).post(leave)
    assert refused.status_code == 409
    assert "suspended here" in refused.text
    assert cast.signed_in(cast.person("zoe@elsewhere.example")).get(leave).status_code == 404


def test_removing_oneself_is_leaving(acme: Any, olga: Any) -> None:
    second = cast.member(acme, "oscar@acme.example", "owner")
    cast.signed_in(second).post(f"{TEAM}{second.id}/remove/")
    assert status_of(second) == "left"
    assert "Oscar</b> left the team" in olga.get(f"{TEAM}{second.id}/").text
