"""The verbs of bindings: give a role to a subject under conditions, and end it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authz import conditions as the_conditions
from authz.conditions import Conditions
from authz.console import forbid_escalation
from authz.contents import contents_of
from authz.holders import Holder, checked, checked_holder, holder_of, kind_of, subject_of
from authz.models import (
    Application,
    Binding,
    GroupMember,
    Role,
    ServiceAccountOperator,
)
from authz.refusals import Escalation, Findings, Refused
from authz.system_roles import MAKE_OWNERS, OWNER_ROLE
from tenants.models import Membership, MemberType
from tenants.operations import LastOwner, take_turns


def bind(
    *,
    tenant_id: UUID,
    role_id: UUID,
    user_id: UUID | None = None,
    group_id: UUID | None = None,
    service_account_id: UUID | None = None,
    plan_tier_id: UUID | None = None,
    application_id: UUID | None = None,
    conditions: Conditions = Conditions(),  # noqa: B008 - frozen
    expires_at: datetime | None = None,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Binding:
    """Give a role to exactly one subject, on one Application or (None) tenant-wide.

    Returns the standing binding when an identical one is there. Raises Refused with field names (``role_id``, the
    subject's, ``application_id``, ``conditions.<key>``, ``expires_at``, ``reason``), or Escalation (Rule 7).
    """
    holder: Holder = {
        "user_id": user_id,
        "group_id": group_id,
        "service_account_id": service_account_id,
        "plan_tier_id": plan_tier_id,
    }
    with tenant_context(tenant_id):
        words, facts = _checked(
            tenant_id, role_id, holder, application_id, (conditions, expires_at, reason), now
        )
        _forbid_more_than_held(words["role"], holder, application_id, actor, now)
        target = {"tenant_id": tenant_id, "role_id": role_id, "application_id": application_id, **holder}
        if standing := Binding.objects.filter(**target, **facts, ended_at=None).first():
            return standing
        binding = Binding.objects.create(**target, **facts, created_at=now, created_by=actor.id)
        after = _described(binding, **words)
        _record("binding.created", binding, after, actor, now, reason=facts["reason"], after=after)
    return binding


def _checked(
    tenant_id: UUID,
    role_id: UUID,
    holder: Holder,
    application_id: UUID | None,
    terms: tuple[Conditions, datetime | None, str],
    now: datetime,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the role, the subject and the Application are called, and the terms as columns. Raises Refused."""
    conditions, expires_at, reason = terms
    findings = Findings()
    # A person before the role, as who changes a member's type locks the two.
    subject = checked_holder(tenant_id, holder, findings)
    role = checked(Role, tenant_id, "role_id", role_id, findings, alone=True)
    application = (
        application_id and checked(Application, tenant_id, "application_id", application_id, findings)
    ) or None
    facts = checked_terms(conditions, expires_at, reason, now, findings)
    findings.stop()
    return {"role": role, "subject": subject, "application": application}, facts


def checked_terms(
    conditions: Conditions, expires_at: datetime | None, reason: str, now: datetime, findings: Findings
) -> dict[str, Any]:
    """A binding's terms as columns, noting what is wrong with them. No statement."""
    check_times(conditions.not_before, expires_at, now, findings)
    return the_conditions.columns(conditions, findings) | {
        "expires_at": expires_at,
        "reason": findings.text("reason", reason, 500, required=False),
    }


def _forbid_more_than_held(
    role: Role, holder: Holder, application_id: UUID | None, actor: Actor, now: datetime
) -> None:
    """Power in the console is for whom its giver answers for, and no more than the giver has (Rule 7)."""
    given = [(permission, application_id) for permission in console_permissions(role.tenant_id, role.pk)]
    if given and holder["plan_tier_id"]:
        raise Refused({"role_id": f"{role} gives power in the console, which no plan can sell."})
    forbid_escalation(tenant_id=role.tenant_id, actor=actor, permissions=given, now=now)


def end(*, tenant_id: UUID, binding_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Binding:
    """End a binding: it stays as history and gives nothing from now on. Returns early when it has ended.

    Raises Refused, or LastOwner for the binding by which the last owner is one (Rule 6).
    """
    with tenant_context(tenant_id):
        found = Binding.objects.filter(tenant_id=tenant_id, pk=binding_id)
        if found.filter(role__system_key=OWNER_ROLE).exists():
            take_turns(tenant_id)  # before any other lock, as the verbs of members do
        binding = found.select_for_update().first()
        if binding is None:
            raise Refused({"binding_id": "There is no such binding here."})
        if binding.ended_at:
            return binding
        findings = Findings()
        reason = findings.text("reason", reason, 500, required=False)
        findings.stop()
        keep_an_owner(binding)
        leave_owners_to_owners(actor, now, tenant_id=tenant_id, pk=binding_id)
        close(binding, actor=actor, now=now, reason=reason)
    return binding


def leave_owners_to_owners(actor: Actor, now: datetime, *, tenant_id: UUID, **which: Any) -> None:
    """Whoever takes an owner's role away unmakes an owner: for those who may make them (Rule 7).

    ``which`` bindings stop counting for somebody: one by ``pk``, or those of a subject that is closed or left. Raises
    PermissionDenied. One statement where none of them gives the owner's role.
    """
    owning = Binding.objects.filter(tenant_id=tenant_id, role__system_key=OWNER_ROLE, ended_at=None, **which)
    unmaking = [(MAKE_OWNERS, place) for place in owning.values_list("application_id", flat=True)]
    try:
        forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=unmaking, now=now)
    except Escalation as error:
        raise PermissionDenied("Only who may make owners may take the owner’s role from somebody.") from error


def close(binding: Binding, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """End a binding that the caller holds inside the tenant's context, with its event."""
    binding.ended_at, binding.ended_by = now, actor.id
    binding.save(update_fields=["ended_at", "ended_by"])
    role = Role.objects.get(tenant_id=binding.tenant_id, pk=binding.role_id)
    application = None
    if binding.application_id:
        application = Application.objects.get(tenant_id=binding.tenant_id, pk=binding.application_id)
    before = _described(binding, role, subject_of(binding), application)
    _record("binding.ended", binding, before, actor, now, reason=reason, before=before)


def keep_an_owner(binding: Binding) -> None:
    """Raise LastOwner if no other active owner would hold an owner's power for good: nobody could give it back."""
    kept = Binding.objects.filter(
        tenant_id=binding.tenant_id,
        role__system_key=OWNER_ROLE,
        user__isnull=False,
        application=None,
        requires_mfa=False,
        ip_ranges=None,
        not_before=None,
        expires_at=None,
        ended_at=None,
    )
    if not kept.filter(pk=binding.pk).exists():
        return
    owners = Membership.objects.filter(
        tenant_id=binding.tenant_id, type=MemberType.OWNER, status=Membership.Status.ACTIVE
    )
    if not kept.filter(user_id__in=owners.values("user_id")).exclude(pk=binding.pk).exists():
        raise LastOwner


def console_permissions(tenant_id: UUID, role_id: UUID) -> list[str]:
    """What a role gives in the console right now, its tenant groups' and a system role's power included."""
    role = Role.objects.get(tenant_id=tenant_id, pk=role_id)
    return sorted(contents_of([role])[role.pk].console_permissions)


def console_permissions_of(**subject: Any) -> list[tuple[str, UUID | None]]:
    """What a subject's bindings that haven't ended give in the console, with the Application each is limited to.

    ``subject``: tenant_id and one of user_id, group_id, service_account_id. Conditions don't count: what may come true
    is given.
    """
    bound = Binding.objects.filter(**subject, ended_at=None, role__ended_at=None).select_related("role")
    given = contents_of({binding.role for binding in bound})
    return sorted(
        {
            (name, binding.application_id)
            for binding in bound
            for name in given[binding.role_id].console_permissions
        },
        key=str,
    )


def console_permissions_reaching(tenant_id: UUID, user_id: UUID) -> list[tuple[str, UUID | None]]:
    """As console_permissions_of, for all that reaches a person: directly, through groups, through accounts."""
    live = {"tenant_id": tenant_id, "user_id": user_id, "ended_at": None}
    groups = GroupMember.objects.filter(**live, group__ended_at=None).values_list("group_id", flat=True)
    accounts = ServiceAccountOperator.objects.filter(**live, service_account__ended_at=None).values_list(
        "service_account_id", flat=True
    )
    return [
        *console_permissions_of(tenant_id=tenant_id, user_id=user_id),
        *console_permissions_of(tenant_id=tenant_id, group_id__in=groups),
        *console_permissions_of(tenant_id=tenant_id, service_account_id__in=accounts),
    ]


def check_times(
    not_before: datetime | None, expires_at: datetime | None, now: datetime, findings: Findings
) -> None:
    """Note an end that would never let the binding count."""
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        findings.add("expires_at", "A time with its zone.")
    elif expires_at <= now:
        findings.add("expires_at", "This is in the past: it would never give anything.")
    elif not_before is not None and not_before.tzinfo is not None and expires_at <= not_before:
        findings.add("expires_at", "It would end before it begins.")


def _described(binding: Binding, role: Role, subject: str, application: Application | None) -> dict[str, Any]:
    kind = kind_of(binding)
    return {
        "role": role.name,
        "role_id": str(role.pk),
        "subject_kind": kind,
        "subject": subject,
        "subject_id": str(getattr(binding, f"{kind}_id")),
        "application": application.name if application else None,
        "conditions": the_conditions.as_json(binding),
        "expires_at": binding.expires_at.isoformat() if binding.expires_at else None,
    }


def _record(
    action: str, binding: Binding, described: dict[str, Any], actor: Actor, now: datetime, **more: Any
) -> None:
    place = f"on {described['application']}" if described["application"] else "tenant-wide"
    record(
        tenant_id=binding.tenant_id,
        actor=actor,
        action=action,
        target_kind="binding",
        target_id=binding.pk,
        target_name=f"{described['role']} {place} for {described['subject']}",
        about_id=next(filter(None, holder_of(binding).values()), None),
        now=now,
        **more,
    )
