"""Adding many end users to a group in one statement, and taking exactly those out again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils.translation import gettext_lazy as _

from authsec.audit.insertion import NEW_ID, event_values, insertion
from authsec.database.fields import uuid_array
from authz.bindings import console_permissions_of, leave_owners_to_owners
from authz.console import forbid_escalation
from authz.models import Group
from endusers.bulk.changes import CHANGED_BY
from endusers.bulk.registration import register
from endusers.bulk.verbs import Fates, Lacking, Run, Verb

EVENTS = insertion(
    "known f join added a on a.user_id = f.user_id "
    "left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = f.user_id",
    target_id="%(group)s::uuid",
    target_name="%(group_name)s::text",
    after="jsonb_build_object('user', coalesce(nullif(p.display_name, ''), p.email, ''), 'user_id', f.user_id, "
    "'source', 'manual', 'job', %(job)s::text)",
    about_id="f.user_id",
)
ADD = f"""
with wanted as materialized (select unnest(%(ids)s::uuid[]) as user_id),
known as materialized (
  select w.user_id, e.user_id is not null as found, row_number() over () as n from wanted w
    left join endusers_enduser e on e.tenant_id = %(tenant)s and e.user_id = w.user_id),
added as (
  insert into authz_groupmember (id, tenant_id, group_id, user_id, source, added_at, added_by)
  select {NEW_ID}, %(tenant)s, %(group)s, f.user_id, 'manual', %(now)s, %(actor_id)s::uuid from known f where f.found
  order by f.user_id
  on conflict (tenant_id, group_id, user_id) where ended_at is null do nothing returning user_id),
judged as materialized (
  select k.user_id, case when not k.found then 'unknown' when a.user_id is null then 'already' else 'changed' end fate
    from known k left join added a on a.user_id = k.user_id),
noted as ({EVENTS}),
kept as (
  insert into endusers_outcome (tenant_id, job_id, user_id, fate, at)
  select %(tenant)s, %(job)s, user_id, fate, %(now)s from judged)
select user_id, fate from judged
"""  # noqa: S608

REMOVED = insertion(
    "taken f left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = f.user_id",
    target_id="%(group)s::uuid",
    target_name="%(group_name)s::text",
    before="jsonb_build_object('user', coalesce(nullif(p.display_name, ''), p.email, ''), 'user_id', f.user_id, "
    "'source', 'manual')",
    after="jsonb_build_object('job', %(job)s::text)",
    about_id="f.user_id",
)
# A membership is the job's own when it began at the very moment that the job wrote down for the person.
TAKE_OUT = f"""
with wanted as materialized ({CHANGED_BY}),
mine as materialized (
  select m.id, m.user_id from wanted w
    join authz_groupmember m on m.tenant_id = %(tenant)s and m.group_id = %(group)s and m.user_id = w.user_id
   where m.ended_at is null and m.source = 'manual' and m.added_at = w.at order by m.user_id for update of m),
ended as (
  update authz_groupmember m set ended_at = %(now)s, ended_by = %(actor_id)s::uuid from mine
   where m.tenant_id = %(tenant)s and m.id = mine.id),
taken as materialized (select user_id, row_number() over () as n from mine),
judged as materialized (
  select w.user_id, case when t.user_id is null then 'since' else 'changed' end as fate
    from wanted w left join taken t on t.user_id = w.user_id),
noted as ({REMOVED}),
kept as (
  insert into endusers_outcome (tenant_id, job_id, user_id, fate, at)
  select %(tenant)s, %(job)s, user_id, fate, %(now)s from judged)
select user_id, fate from judged
"""  # noqa: S608


def add_to_group(run: Run, ids: Sequence[UUID]) -> Fates:
    """Put the people into the group of ``group_id``; who is in already stays as they are.

    Raises as :func:`may_add`, also in the middle of a job: power counts as it is then.
    """
    group = may_add(run)
    return _send(ADD, "group.member_added", run, ids, group=group.pk, group_name=group.name)


def take_out(run: Run, ids: Sequence[UUID]) -> Fates:
    """End the memberships that the job ``undoes`` made, as far as they stand; who was in before it stays in.

    Raises PermissionDenied where that would take the owner's role from people and the actor may not (Rule 7).
    """
    leave_owners_to_owners(run.actor, run.now, tenant_id=run.tenant_id, group_id=run.params["group_id"])
    named = {"group": run.params["group_id"], "group_name": run.params["group"]}
    return _send(TAKE_OUT, "group.member_removed", run, ids, **named)


def _send(statement: str, action: str, run: Run, ids: Sequence[UUID], **group: Any) -> Fates:
    told = event_values(actor=run.actor, action=action, target_kind="group", reason=run.reason, now=run.now)
    about = {"tenant": run.tenant_id, "job": run.job_id, "undoes": run.undoes, "ids": uuid_array(ids)}
    with connection.cursor() as cursor:
        cursor.execute(statement, told | about | group)
        fates: Fates = cursor.fetchall()
    return fates


def may_add(run: Run) -> Group:
    """The group, where the actor may fill it. Raises PermissionDenied when it is archived, Escalation when it would
    give console permissions that the actor does not hold now (Rule 7).
    """
    group = Group.objects.filter(tenant_id=run.tenant_id, pk=run.params["group_id"], ended_at=None).first()
    if group is None:
        raise PermissionDenied("The group is archived.")
    given = console_permissions_of(tenant_id=run.tenant_id, group_id=group.pk)
    forbid_escalation(tenant_id=run.tenant_id, actor=run.actor, permissions=given, now=run.now)
    return group


def group_params(tenant_id: UUID) -> type[forms.Form]:
    """The form for one of the tenant's groups."""
    rows = Group.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name")
    groups = [(str(key), name) for key, name in rows.values_list("id", "name")]

    class GroupParams(forms.Form):
        lacking = (
            None if groups else Lacking(_("There is no group here yet."), "authz:group_new", _("Create one"))
        )
        group_id = forms.ChoiceField(
            label=_("Group"),
            choices=groups,
            error_messages={"invalid_choice": _("There is no such group here.")},
        )

        def kept(self) -> dict[str, Any]:
            """The group's id, and its name for people."""
            key = self.cleaned_data["group_id"]
            return {"group_id": key, "group": dict(groups)[key]}

    return GroupParams


def _words(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("To the group", params["group"])]


register(
    Verb(
        key="add_to_group",
        title="Add end users to a group",
        label="Add to group…",
        icon="users-round",
        permissions=("groups:manage",),
        do=add_to_group,
        undo=take_out,
        may=may_add,
        effect=("end user is added to the group", "end users are added to the group"),
        deed="added",
        already="in the group already",
        promise="What the group is bound to reaches them at the next call. Taking it back takes exactly these "
        "people out again.",
        unchanged=lambda params: ("member", params["group_id"]),
        form=group_params,
        words=_words,
    )
)
