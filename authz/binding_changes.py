"""The verb that changes a binding's terms: conditions, end, reason. Role, subject and place never change."""

from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authsec.database.fields import uuid7
from authz import conditions as the_conditions
from authz.bindings import check_times, console_permissions, keep_an_owner
from authz.conditions import Conditions
from authz.console import forbid_escalation
from authz.holders import holder_of, subject_of
from authz.models import Binding
from authz.refusals import Findings, Refused
from authz.system_roles import OWNER_ROLE
from tenants.operations import take_turns


def change(*, tenant_id: UUID, binding_id: UUID, actor: Actor, now: datetime, **given: Any) -> Binding:
    """Change what is given of ``conditions`` (Conditions; all of them anew), ``expires_at`` and ``reason``.

    Whoever loosens a condition gives access, so that everything counts as :func:`authz.bindings.bind` does. Raises
    Refused, Escalation (Rule 7), or LastOwner when the last owner's own binding would get a condition or an end. A
    closed copy keeps the old terms, by which a question about a past moment is answered.
    """
    with tenant_context(tenant_id):
        found = Binding.objects.filter(tenant_id=tenant_id, pk=binding_id)
        if found.filter(role__system_key=OWNER_ROLE).exists():
            take_turns(tenant_id)  # before any other lock, as the verbs of members do
        binding = (
            found.select_for_update(of=("self",)).select_related("role", "application", "plan_tier").first()
        )
        if binding is None:
            raise Refused({"binding_id": "There is no such binding here."})
        if binding.ended_at:
            raise Refused({"binding_id": "This binding has ended: bind anew."})
        changed = _columns(binding, given, now)
        if not changed:
            return binding
        permissions = [
            (name, binding.application_id) for name in console_permissions(tenant_id, binding.role_id)
        ]
        forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=permissions, now=now)
        if changed.keys() - {"reason"} and not _is_for_good(binding, changed):
            keep_an_owner(binding)
        before = _terms(binding)
        _keep_old_terms(binding, actor, now)
        for name, value in changed.items():
            setattr(binding, name, value)
        binding.save(update_fields=["since", *changed])
        _record(binding, actor, now, before=before, after=_terms(binding))
    return binding


def _keep_old_terms(binding: Binding, actor: Actor, now: datetime) -> None:
    """Insert the closed copy of the terms as they stand, and begin anew.

    None of terms that were in force at no moment: a second change at the same moment, or one whose clock is behind.
    """
    since = binding.since or binding.created_at
    if now <= since:
        return
    old = copy(binding)
    old.pk, old._state.adding = uuid7(), True
    old.since, old.ended_at, old.ended_by, old.superseded_by_id = since, now, actor.id, binding.pk
    old.save(force_insert=True)
    binding.since = now


def _columns(binding: Binding, given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that would change, checked."""
    findings = Findings()
    wanted: dict[str, Any] = {}
    if "conditions" in given:
        wanted |= the_conditions.columns(given["conditions"] or Conditions(), findings)
    if "expires_at" in given:
        wanted["expires_at"] = given["expires_at"]
    if "reason" in given:
        wanted["reason"] = findings.text("reason", given["reason"], 500, required=False)
    if wanted.keys() & {"expires_at", "not_before"}:
        check_times(
            wanted.get("not_before", binding.not_before),
            wanted.get("expires_at", binding.expires_at),
            now,
            findings,
        )
    findings.stop()
    return {name: value for name, value in wanted.items() if value != _now(binding, name)}


def _now(binding: Binding, name: str) -> Any:
    value = getattr(binding, name)
    return [str(network) for network in value] if name == "ip_ranges" and value else value


def _is_for_good(binding: Binding, changed: dict[str, Any]) -> bool:
    """Whether the binding would stand without any condition or end."""
    limits = ("requires_mfa", "ip_ranges", "not_before", "expires_at")
    return not any(changed.get(name, getattr(binding, name)) for name in limits)


def _terms(binding: Binding) -> dict[str, Any]:
    return {
        "conditions": the_conditions.as_json(binding),
        "expires_at": binding.expires_at.isoformat() if binding.expires_at else None,
        "reason": binding.reason,
    }


def _record(
    binding: Binding, actor: Actor, now: datetime, before: dict[str, Any], after: dict[str, Any]
) -> None:
    place = f"on {binding.application.name}" if binding.application else "tenant-wide"
    changed = [name for name in after if before[name] != after[name]]
    record(
        tenant_id=binding.tenant_id,
        actor=actor,
        action="binding.changed",
        target_kind="binding",
        target_id=binding.pk,
        target_name=f"{binding.role.name} {place} for {subject_of(binding)}",
        about_id=next(filter(None, holder_of(binding).values()), None),
        now=now,
        reason=binding.reason if "reason" in changed else "",
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
