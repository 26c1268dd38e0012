"""The verbs that fill and empty groups."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record_each
from authsec.database.context import tenant_context
from authz import people
from authz.bindings import console_permissions_of, leave_owners_to_owners
from authz.console import forbid_escalation
from authz.models import Group, GroupMember
from authz.named import GROUPS
from authz.refusals import Findings, Refused

SYNCED = (GroupMember.Source.SCIM, GroupMember.Source.OIDC)
MAX_AT_ONCE = 500
LONGEST_NAMED = 5  # how many of the wrong ones a refusal names


class KeptByDirectory(Refused):
    """A directory put the person into the group, and only the directory takes them out."""


def add_members(
    *,
    tenant_id: UUID,
    group_id: UUID,
    user_ids: Iterable[UUID] = (),
    emails: Iterable[str] = (),
    source: str = GroupMember.Source.MANUAL.value,
    actor: Actor,
    now: datetime,
) -> list[GroupMember]:
    """Add people by users.id or by e-mail; who is in already stays as they are.

    All or none: Refused names ``user_ids`` or ``emails`` that this tenant does not know. Escalation when the group's
    bindings would give console permissions that the actor does not hold. Returns the new rows. One statement writes
    the rows and one their events, however many.
    """
    user_ids, emails = list(user_ids), [email.strip() for email in emails]
    with tenant_context(tenant_id):
        wanted = _people(tenant_id, user_ids, emails)
        group = GROUPS.standing(tenant_id, group_id)
        live = GroupMember.objects.filter(tenant_id=tenant_id, group=group, ended_at=None)
        inside = set(live.filter(user_id__in=wanted).values_list("user_id", flat=True))
        new = [key for key in wanted if key not in inside]
        if not new:
            return []
        given = console_permissions_of(tenant_id=tenant_id, group_id=group.pk)
        forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=given, now=now)
        rows = GroupMember.objects.bulk_create(
            GroupMember(
                tenant_id=tenant_id, group=group, user_id=key, source=source, added_at=now, added_by=actor.id
            )
            for key in new
        )
        names = people.names_of(tenant_id, new)
        facts = [
            {
                "after": {"user": names.get(key, ""), "user_id": str(key), "source": str(source)},
                "about_id": key,
            }
            for key in new
        ]
        _record("group.member_added", group, actor, now, facts)
    return rows


def remove_members(
    *,
    tenant_id: UUID,
    group_id: UUID,
    user_ids: Iterable[UUID],
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> list[GroupMember]:
    """Take people out of a group, all or none; who is not in it is passed over. Returns the rows that ended.

    Raises KeptByDirectory for whom a directory put there, unless the directory itself (the system) asks.
    """
    wanted = list(dict.fromkeys(user_ids))
    with tenant_context(tenant_id):
        group = GROUPS.found(tenant_id, group_id)
        findings = Findings()
        if len(wanted) > MAX_AT_ONCE:
            findings.add("user_ids", f"At most {MAX_AT_ONCE} people at once.")
        reason = findings.text("reason", reason, 500, required=False)
        findings.stop()
        live = GroupMember.objects.filter(tenant_id=tenant_id, group=group, user_id__in=wanted, ended_at=None)
        rows = list(live.select_for_update().order_by("user_id"))
        names = people.names_of(tenant_id, [row.user_id for row in rows])
        kept = [row for row in rows if row.source in SYNCED]
        if kept and actor.kind != "system":
            who = ", ".join(names.get(row.user_id, str(row.user_id)) for row in kept[:LONGEST_NAMED])
            raise KeptByDirectory(
                {"user_id": f"{kept[0].get_source_display()} keeps {who} in the group: take them out there."}
            )
        if rows:
            leave_owners_to_owners(actor, now, tenant_id=tenant_id, group_id=group_id)
        for row in rows:
            row.ended_at, row.ended_by = now, actor.id
        GroupMember.objects.filter(tenant_id=tenant_id, pk__in=[row.pk for row in rows]).update(
            ended_at=now, ended_by=actor.id
        )
        facts = [
            {
                "before": {
                    "user": names.get(row.user_id, str(row.user_id)),
                    "user_id": str(row.user_id),
                    "source": str(row.source),
                },
                "about_id": row.user_id,
            }
            for row in rows
        ]
        _record("group.member_removed", group, actor, now, facts, reason)
    return rows


def remove_member(
    *, tenant_id: UUID, group_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> GroupMember | None:
    """Take one person out of a group, as :func:`remove_members`. None when they are not in it."""
    rows = remove_members(
        tenant_id=tenant_id, group_id=group_id, user_ids=[user_id], actor=actor, now=now, reason=reason
    )
    return rows[0] if rows else None


def _people(tenant_id: UUID, user_ids: list[UUID], emails: list[str]) -> list[UUID]:
    """The users.ids meant, in the order given, each once."""
    findings = Findings()
    if not user_ids and not emails:
        findings.add("user_ids", "Name at least one person.")
    if len(user_ids) + len(emails) > MAX_AT_ONCE:
        findings.add("user_ids" if user_ids else "emails", f"At most {MAX_AT_ONCE} people at once.")
    findings.stop()
    if any("\x00" in email for email in emails):
        raise Refused({"emails": "That is no e-mail address."})
    found = people.by_email(tenant_id, emails)
    wanted = list(
        dict.fromkeys([*user_ids, *(found[email.lower()] for email in emails if email.lower() in found)])
    )
    reachable = people.reachable(tenant_id, wanted)
    for index, email in enumerate(emails):
        if email.lower() not in found:
            findings.add(f"emails.{index}", f"Nobody here has the address {email}.")
        elif found[email.lower()] not in reachable:
            findings.add(f"emails.{index}", f"{email} has left.")
    for index, key in enumerate(user_ids):
        if key not in reachable:
            findings.add(f"user_ids.{index}", "There is no such person here, or they have left.")
    findings.stop()
    return wanted


def _record(
    action: str, group: Group, actor: Actor, now: datetime, facts: list[dict[str, Any]], reason: str = ""
) -> None:
    record_each(
        tenant_id=group.tenant_id,
        actor=actor,
        action=action,
        target_kind="group",
        target_id=group.pk,
        target_name=group.name,
        now=now,
        reason=reason,
        facts=facts,
    )
