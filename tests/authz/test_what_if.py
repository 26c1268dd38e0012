"""What if: the difference that a change would make, and that trying it out changes nothing."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from authsec.audit.actor import Actor
from authsec.database.context import owner_context, system_context, tenant_context
from authsec.web.pagination import Count
from authz.conditions import Conditions
from authz.models import ServiceAccountOperator
from authz.refusals import Refused
from authz.what_if import changes
from authz.what_if.difference import Difference
from authz.what_if.preview import preview
from authz.what_if.reach import about_reached
from authz.what_if.simulate import TooMany, simulate
from tests import cast

pytestmark = pytest.mark.django_db


def actor(user: Any) -> Actor:
    return Actor(kind="member", id=user.id, name="Somebody", via="console")


def what_if(acme: SimpleNamespace, change: changes.Change, by: str = "olga", **more: Any) -> Difference:
    return simulate(
        tenant_id=acme.id, change=change, actor=actor(getattr(acme, by)), now=cast.timezone.now(), **more
    )


def said(found: Difference, subject_id: UUID) -> dict[str, tuple[str, str, str]]:
    one = found.about(subject_id)
    shifts = one.shifts if one else ()
    return {shift.name: (shift.kind, shift.before.state, shift.after.state) for shift in shifts}


def leave(acme: SimpleNamespace, group: str, who: str) -> changes.Change:
    return changes.RemoveFromGroup(group_id=getattr(acme, group).pk, user_id=getattr(acme, who).id)


def test_whoever_leaves_a_group_loses_what_it_gave(acme: SimpleNamespace) -> None:
    found = what_if(acme, leave(acme, "engineering", "alice"))
    assert said(found, acme.alice.id) == {
        "pr:read": ("lost", "active", "none"),
        "pr:write": ("lost", "active", "none"),
    }


def test_what_waits_for_a_second_factor_is_lost_as_that(acme: SimpleNamespace) -> None:
    found = what_if(acme, leave(acme, "oncall", "alice"))
    assert said(found, acme.alice.id) == {"deploy:run": ("lost", "pending_step_up", "none")}
    fresh = what_if(acme, leave(acme, "oncall", "alice"), mfa_at=cast.timezone.now())
    assert said(fresh, acme.alice.id) == {"deploy:run": ("lost", "active", "none")}


def test_what_another_way_still_gives_is_kept_and_says_by_which(acme: SimpleNamespace) -> None:
    cast.bind(acme.tenant, acme.writer, acme.alice, acme.github)
    found = what_if(acme, leave(acme, "engineering", "alice"))
    assert {kind for kind, *_ in said(found, acme.alice.id).values()} == {"kept"}
    assert not found.touched
    write = found.totals[1]
    assert (write.kept, write.through, write.lost) == (1, "PR Writer", 0)
    assert [way.source for way in found.subjects[0].shifts[0].ways_lost] == ["group"]


def test_archiving_a_group_touches_all_its_members(acme: SimpleNamespace) -> None:
    found = what_if(acme, changes.ArchiveGroup(group_id=acme.oncall.pk))
    assert [one.subject.name for one in found.touched] == ["Alice Moreau", "Carl Jensen"]
    assert [(total.name, total.lost) for total in found.totals] == [("deploy:run", 2)]


def test_a_role_given_to_a_group_counts_who_gains_and_who_has_it_already(acme: SimpleNamespace) -> None:
    extra = cast.role(acme.tenant, "Release Manager", ["deploy:run", "deploy:read"])
    change = changes.Bind(
        role_id=extra.pk,
        group_id=acme.oncall.pk,
        application_id=acme.deploy.pk,
        conditions=Conditions(mfa_required=True),
    )
    read, run = what_if(acme, change).totals
    assert (read.name, read.gained, read.waiting) == ("deploy:read", 2, {"pending_step_up": 2})
    assert (run.name, run.gained, run.kept, run.through) == ("deploy:run", 0, 2, "Deploy Operator")


def test_a_role_that_loses_a_console_permission_takes_it_from_its_holders(acme: SimpleNamespace) -> None:
    found = what_if(acme, changes.EditRole(role_id=acme.auditor.pk, console_permissions=()))
    assert said(found, acme.alice.id) == {"audit:read": ("lost", "active", "none")}
    assert found.totals[0].console


def test_suspending_a_member_takes_scopes_and_the_console(acme: SimpleNamespace) -> None:
    shifts = said(what_if(acme, changes.SuspendMember(user_id=acme.alice.id)), acme.alice.id)
    assert shifts["pr:write"] == ("lost", "active", "suspended")
    assert shifts["deploy:run"] == ("lost", "pending_step_up", "suspended")
    assert shifts["audit:read"] == ("lost", "active", "suspended")


def test_a_consumer_on_another_plan_tier_gains_what_it_gives(acme: SimpleNamespace) -> None:
    cast.bind(acme.tenant, acme.writer, cast.tier(acme.tenant, "pro"), acme.github)
    found = what_if(acme, changes.SetPlanTier(user_id=acme.ed.user_id, plan_tier="pro"))
    assert said(found, acme.ed.user_id) == {
        "pr:write": ("gained", "none", "active"),
        "pr:read": ("kept", "active", "active"),
    }


def test_a_scope_that_the_application_drops_is_lost_by_all_who_held_it(acme: SimpleNamespace) -> None:
    found = what_if(acme, changes.ChangeScopes(application_id=acme.github.pk, withdrawn=("pr:read",)))
    assert said(found, acme.alice.id) == {"pr:read": ("lost", "active", "unsupported")}
    assert said(found, acme.ed.user_id) == {"pr:read": ("lost", "active", "unsupported")}


def test_a_service_account_that_ends_loses_what_it_held_and_so_do_its_operators(
    acme: SimpleNamespace,
) -> None:
    cast.bind(acme.tenant, acme.writer, acme.account, acme.github)
    with tenant_context(acme.id):
        ServiceAccountOperator.objects.create(
            tenant=acme.tenant, service_account=acme.account, user=acme.carl
        )
    found = what_if(acme, changes.EndServiceAccount(service_account_id=acme.account.pk))
    assert said(found, acme.account.pk)["pr:write"] == ("lost", "active", "suspended")
    assert said(found, acme.carl.id)["pr:write"] == ("lost", "active", "none")


def test_who_may_not_do_it_is_told_so_and_nothing_else(acme: SimpleNamespace) -> None:
    found = what_if(acme, leave(acme, "engineering", "alice"), by="rita")
    assert "groups:manage" in found.refusal
    assert not found.subjects


def test_the_refusal_of_an_escalation_is_what_would_happen(acme: SimpleNamespace) -> None:
    owner = cast.system_role(acme.tenant, "tenant-owner")
    found = what_if(acme, changes.Bind(role_id=owner.pk, user_id=acme.carl.id), by="adam")
    assert "You can't give what you don't hold" in found.refusal


def test_the_last_owner_stays_in_what_if_too(acme: SimpleNamespace) -> None:
    found = what_if(acme, changes.SuspendMember(user_id=acme.olga.id))
    assert "owner" in found.refusal


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (changes.ArchiveGroup(group_id=uuid4()), "group_id"),
        (changes.EndBinding(binding_id=uuid4()), "binding_id"),
        (changes.SuspendMember(user_id=uuid4()), "user_id"),
        (changes.EditRole(role_id=uuid4(), scopes=()), "role_id"),
        (changes.DisableApplication(application_id=uuid4()), "application_id"),
    ],
)
def test_what_is_not_there_is_refused_by_its_field(
    acme: SimpleNamespace, change: changes.Change, field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        what_if(acme, change)
    assert field in refusal.value.errors


def test_whom_a_preview_reaches_is_counted_as_lists_count(
    acme: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(acme.id):
        roots = changes.ArchiveGroup(group_id=acme.oncall.pk).roots(acme.id)
        assert about_reached(acme.id, roots) == Count(2)
        monkeypatch.setattr("authz.what_if.reach.CAP", 1)
        assert about_reached(acme.id, roots) == Count(2, is_estimate=True)


def test_more_people_than_the_limit_are_counted_and_not_looked_at(acme: SimpleNamespace) -> None:
    with pytest.raises(TooMany) as refusal:
        what_if(acme, changes.ArchiveGroup(group_id=acme.oncall.pk), limit=1)
    assert refusal.value.count == Count(2)


def everything(acme: SimpleNamespace) -> list[changes.Change]:
    """One change of each kind."""
    app, role = {"application_id": acme.github.pk}, {"role_id": acme.writer.pk}
    member, consumer = {"user_id": acme.alice.id}, {"user_id": acme.ed.user_id}
    account = {"service_account_id": acme.account.pk}
    return [
        changes.SuspendMember(**member),
        changes.ReactivateMember(**member),
        changes.RemoveMember(**member),
        changes.ChangeMemberType(**member, type="admin"),
        changes.SuspendEndUser(**consumer),
        changes.ReactivateEndUser(**consumer),
        changes.SetPlanTier(**consumer, plan_tier="pro"),
        changes.AddToGroup(group_id=acme.oncall.pk, user_ids=(acme.rita.id,)),
        changes.RemoveFromGroup(group_id=acme.oncall.pk, **member),
        changes.ArchiveGroup(group_id=acme.oncall.pk),
        changes.EndGroupAccess(group_id=acme.oncall.pk),
        changes.Bind(**role, group_id=acme.oncall.pk),
        changes.ChangeBinding(binding_id=acme.runs.pk, given={"conditions": Conditions()}),
        changes.EndBinding(binding_id=acme.runs.pk),
        changes.EditRole(**role, scopes=("pr:read",)),
        changes.ChangeRoleScopes(**role, added=("deploy:run",), withdrawn=("pr:read",)),
        changes.ArchiveRole(**role),
        changes.SetScopes(**app, scopes=()),
        changes.ChangeScopes(**app, withdrawn=("pr:read",)),
        changes.DisableApplication(**app),
        changes.EnableApplication(**app),
        changes.ArchiveApplication(**app),
        changes.AddOperators(**account, user_ids=(acme.alice.id,)),
        changes.EndServiceAccount(**account),
    ]


def test_nothing_remains_of_any_kind_of_change(
    acme: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    before = every_row()
    assert len(before) > 40
    kinds = set()
    with django_capture_on_commit_callbacks() as hooks:
        for change in everything(acme):
            found = what_if(acme, change)
            assert not found.refusal
            kinds.add(change.kind)
    assert every_row() == before
    assert not hooks
    assert kinds == changes.KINDS.keys() - {"remove_operator"}


def every_row() -> dict[str, str]:
    """A digest of all rows of every table, those of the queue included."""
    found = {}
    with owner_context(), connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, has_table_privilege('authsec_system', c.oid, 'select') from pg_class c"
            " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1"
        )
        tables = cursor.fetchall()
    for table, systems in tables:
        with system_context() if systems else owner_context(), connection.cursor() as cursor:
            cursor.execute(f"select md5(string_agg(md5(t::text), '' order by t::text)) from \"{table}\" t")
            found[table] = cursor.fetchone()[0]
    return found


def test_a_preview_says_the_sums_in_sentences(acme: SimpleNamespace) -> None:
    extra = cast.role(acme.tenant, "Release Manager", ["deploy:run", "deploy:read"], ["audit:read"])
    change = changes.Bind(role_id=extra.pk, group_id=acme.oncall.pk, conditions=Conditions(mfa_required=True))
    olga, now = actor(acme.olga), cast.timezone.now()
    shown = preview(tenant_id=acme.id, change=change, actor=olga, now=now)
    page = " ".join(strip_tags(render_to_string("authz/difference.html", {"preview": shown})).split())
    assert "2 people gain deploy:read (deploy-mcp), after MFA." in page
    assert "0 people lose or gain deploy:run (deploy-mcp); all have it through Deploy Operator." in page
    assert "1 person gains audit:read (Console), after MFA; 1 more have it through Auditor." in page
    assert "You hold every console permission that this gives." in page
