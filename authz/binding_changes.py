"""The verb that changes a binding's terms: conditions, end, reason. Role, subject and place never change."""

from copy import copy
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

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
from authz.refusals import Escalation, Findings, Refused
from authz.system_roles import OWNER_ROLE
from tenants.operations import take_turns


def change(*, tenant_id: UUID, binding_id: UUID, actor: Actor, now: datetime, **given: Any) -> Binding:
    """Change what is given of ``conditions`` (Conditions; all of them anew), ``expires_at`` and ``reason``.

    Whoever loosens a condition gives access, so that everything counts as :func:`authz.bindings.bind` does; whoever
    tightens one takes it away, which is for those who may end it (else PermissionDenied). Raises Refused, Escalation
    (Rule 7), or LastOwner when the last owner's own binding would get a condition or an end. A closed copy keeps the
    old terms, by which a question about a past moment is answered.
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
        if _tightens(binding, changed):
            _leave_ends_to_enders(binding, actor, now)
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


def _tightens(binding: Binding, changed: dict[str, Any]) -> bool:
    """Whether at some moment, from some address or by some sign-in it would count no more, though it does now."""
    end, begin, ranges = (changed.get(name) for name in ("expires_at", "not_before", "ip_ranges"))
    age = changed.get("mfa_max_age", binding.mfa_max_age)
    return any(
        (
            end and (binding.expires_at is None or end < binding.expires_at),
            begin and (binding.not_before is None or begin > binding.not_before),
            changed.get("requires_mfa"),
            binding.requires_mfa and changed.get("requires_mfa", True) and age < binding.mfa_max_age,
            ranges and not (binding.ip_ranges and _cover(ranges, _now(binding, "ip_ranges"))),
        )
    )


def _cover(ranges: list[str], former: list[str]) -> bool:
    """Whether each of the former networks lies in one of the new."""
    wider = [ip_network(text) for text in ranges]
    return all(
        any(one.version == net.version and one.subnet_of(net) for net in wider)  # type: ignore[arg-type]
        for one in map(ip_network, former)
    )


def _leave_ends_to_enders(binding: Binding, actor: Actor, now: datetime) -> None:
    """Else who may give and not end would end anything by an end a second away."""
    needed = [("bindings:end", binding.application_id)]
    try:
        forbid_escalation(tenant_id=binding.tenant_id, actor=actor, permissions=needed, now=now)
    except Escalation as error:
        raise PermissionDenied("Tighter terms take access away: that needs “bindings:end”.") from error


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
