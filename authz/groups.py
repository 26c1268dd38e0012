"""The verbs of groups: create, change, fill, empty, archive."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authz import people
from authz.bindings import console_permissions_of
from authz.console import forbid_escalation
from authz.models import Group, GroupMember
from authz.refusals import Findings, Refused

SYNCED = (GroupMember.Source.SCIM, GroupMember.Source.OIDC)
MAX_AT_ONCE = 1_000


def create(*, tenant_id: UUID, name: str, description: str = "", actor: Actor, now: datetime) -> Group:
    """Create an empty group. Raises Refused for a blank, long or taken name."""
    facts = _checked(name, description)
    with tenant_context(tenant_id):
        group = Group(tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id)
        _save(group)
        _record("group.created", group, actor, now, after=facts)
    return group


def edit(
    *,
    tenant_id: UUID,
    group_id: UUID,
    name: str | None = None,
    description: str | None = None,
    actor: Actor,
    now: datetime,
) -> Group:
    """Rename a group or say anew what it is for; None leaves a part as it is."""
    with tenant_context(tenant_id):
        group = _live(tenant_id, group_id)
        old = {"name": group.name, "description": group.description}
        given = {"name": name, "description": description}
        facts = _checked(**{key: old[key] if value is None else value for key, value in given.items()})
        changed = {key: value for key, value in facts.items() if value != old[key]}
        if changed:
            group.name, group.description = facts["name"], facts["description"]
            _save(group)
            before = {key: old[key] for key in changed}
            _record("group.edited", group, actor, now, before=before, after=changed)
    return group


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
    bindings would give console permissions that the actor does not hold. Returns the new rows.
    """
    user_ids, emails = list(user_ids), [email.strip() for email in emails]
    with tenant_context(tenant_id):
        group = _live(tenant_id, group_id)
        wanted = _people(tenant_id, user_ids, emails)
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
        for key in new:
            after = {"user": names.get(key, ""), "user_id": str(key), "source": str(source)}
            _record("group.member_added", group, actor, now, after=after, about_id=key)
    return rows


def remove_member(
    *, tenant_id: UUID, group_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> GroupMember | None:
    """Take one person out of a group. None when they are not in it.

    Whom a directory put there is taken out by the directory only.
    """
    with tenant_context(tenant_id):
        group = _found(tenant_id, group_id)
        row = (
            GroupMember.objects.select_for_update()
            .filter(tenant_id=tenant_id, group=group, user_id=user_id, ended_at=None)
            .first()
        )
        if row is None:
            return None
        if row.source in SYNCED and actor.kind != "system":
            raise Refused({"user_id": f"{row.get_source_display()} keeps this person in the group."})
        row.ended_at, row.ended_by = now, actor.id
        row.save(update_fields=["ended_at", "ended_by"])
        before = {
            "user": people.name_of(tenant_id, user_id),
            "user_id": str(user_id),
            "source": str(row.source),
        }
        _record("group.member_removed", group, actor, now, reason=reason, before=before, about_id=user_id)
    return row


def archive(*, tenant_id: UUID, group_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Group:
    """Close a group: what its bindings gave is gone at once; everything stays as history."""
    with tenant_context(tenant_id):
        group = _found(tenant_id, group_id)
        if group.ended_at:
            return group
        group.ended_at, group.ended_by = now, actor.id
        group.save(update_fields=["ended_at", "ended_by"])
        _record(
            "group.archived",
            group,
            actor,
            now,
            reason=reason,
            before={"archived": False},
            after={"archived": True},
        )
    return group


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
    if unknown := [email for email in emails if email.lower() not in found]:
        findings.add("emails", f"Nobody here has the address {', '.join(unknown[:5])}.")
    wanted = list(
        dict.fromkeys([*user_ids, *(found[email.lower()] for email in emails if email.lower() in found)])
    )
    gone = set(wanted) - people.reachable(tenant_id, wanted)
    if gone & set(user_ids):
        findings.add(
            "user_ids", f"No such person here: {', '.join(sorted(map(str, gone & set(user_ids)))[:5])}."
        )
    if gone - set(user_ids):
        findings.add("emails", "Somebody of these has left.")
    findings.stop()
    return wanted


def _checked(name: str, description: str) -> dict[str, str]:
    findings = Findings()
    facts = {
        "name": findings.text("name", name, 100),
        "description": findings.text("description", description, 300, required=False),
    }
    findings.stop()
    return facts


def _found(tenant_id: UUID, group_id: UUID) -> Group:
    group = Group.objects.select_for_update().filter(tenant_id=tenant_id, pk=group_id).first()
    if group is None:
        raise Refused({"group_id": "There is no such group here."})
    return group


def _live(tenant_id: UUID, group_id: UUID) -> Group:
    group = _found(tenant_id, group_id)
    if group.ended_at:
        raise Refused({"group_id": f"{group.name} is archived."})
    return group


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Refused({"name": "Another group here has this name."}) from error


def _record(action: str, group: Group, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        tenant_id=group.tenant_id,
        actor=actor,
        action=action,
        target_kind="group",
        target_id=group.pk,
        target_name=group.name,
        now=now,
        **more,
    )
