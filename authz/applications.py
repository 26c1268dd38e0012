"""The verbs of Applications: register, change, limit, disable, enable, archive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authz.application_past import gate_of, remember
from authz.contacts import problem_of_contact, problem_of_link
from authz.models import Application, Scope
from authz.refusals import Findings, Refused
from authz.resource_uri import canonical, is_loopback, problem_of
from authz.scopes import ScopeSpec, checked_scopes, scope_row
from endusers.operations import LONGEST_WINDOW_S, MOST_CALLS
from tenants.operations import keep_within_plan
from tenants.plans import APPLICATIONS

# What a person says about an Application, in one go.
FACTS = (
    "name",
    "kind",
    "description",
    "resource_uri",
    "admission",
    "support_contact",
    "privacy_uri",
    "terms_uri",
)


def register(
    *,
    tenant_id: UUID,
    name: str,
    kind: str,
    resource_uri: str,
    admission: str = Application.Admission.ANYONE.value,
    scopes: Sequence[ScopeSpec] = (),
    description: str = "",
    support_contact: str = "",
    privacy_uri: str = "",
    terms_uri: str = "",
    actor: Actor,
    now: datetime,
) -> Application:
    """Register what is protected. Raises Refused with the fields' names, or PlanLimit.

    In development a loopback URI is verified at once; any other waits for its proof, and serves the tenant's own
    active members until then.
    """
    facts = _checked(
        name=name,
        kind=kind,
        resource_uri=resource_uri,
        admission=admission,
        description=description,
        support_contact=support_contact,
        privacy_uri=privacy_uri,
        terms_uri=terms_uri,
    )
    specs = checked_scopes(scopes)
    with tenant_context(tenant_id):
        keep_within_plan(tenant_id=tenant_id, what=APPLICATIONS, now=now)
        application = Application(
            tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id, verified_at=None
        )
        _save(application, now)
        Scope.objects.bulk_create(scope_row(application, spec, now) for spec in specs)
        note("application.registered", application, actor, now, after=facts | {"scopes": _names(specs)})
    return application


def update(
    *, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime, **given: str | None
) -> Application:
    """Change the FACTS that are given; None leaves one as it is. A new resource URI has to be proved again.

    Raises Refused.
    """
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        old = {field: getattr(application, field) for field in FACTS}
        facts = _checked(**(old | {field: value for field, value in given.items() if value is not None}))
        changed = {field: value for field, value in facts.items() if value != old[field]}
        if not changed:
            return application
        gate = gate_of(application)
        for field, value in changed.items():
            setattr(application, field, value)
        if "resource_uri" in changed:
            _unprove(application)
        _save(application, now)
        remember(application, gate, now)
        before = {field: old[field] for field in changed}
        note("application.updated", application, actor, now, before=before, after=changed)
    return application


def set_rate_limit(
    *,
    tenant_id: UUID,
    application_id: UUID,
    limit: int | None,
    window_s: int = 60,
    actor: Actor,
    now: datetime,
) -> Application:
    """Say how many calls everybody has whose tier and own limit say nothing; ``limit`` None: no such limit.

    Introspection hands it to the Application, which keeps it, unless it asked the server to. Raises Refused.
    """
    if limit is not None and not (1 <= limit <= MOST_CALLS and 1 <= window_s <= LONGEST_WINDOW_S):
        raise Refused({"rate_limit": f"1 to {MOST_CALLS} calls in 1 to {LONGEST_WINDOW_S} seconds."})
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        before = application.own_limit
        application.rate_limit, application.rate_window_s = limit, window_s
        if application.own_limit == before:
            return application
        application.save(update_fields=["rate_limit", "rate_window_s"])
        was, is_now = {"rate_limit": before}, {"rate_limit": application.own_limit}
        note("application.updated", application, actor, now, before=was, after=is_now)
    return application


def set_enforcement(
    *, tenant_id: UUID, application_id: UUID, enforce: bool, actor: Actor, now: datetime
) -> Application:
    """Count the Application's calls here and refuse those beyond a limit, or leave that to it. Raises Refused."""
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        if application.enforce_rate_limit == enforce:
            return application
        application.enforce_rate_limit = enforce
        application.save(update_fields=["enforce_rate_limit"])
        was, is_now = {"enforce_rate_limit": not enforce}, {"enforce_rate_limit": enforce}
        note("application.updated", application, actor, now, before=was, after=is_now)
    return application


def disable(
    *, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Application:
    """Stop every token of the Application until it is enabled again (Rule 3)."""
    return _switch(tenant_id, application_id, Application.Status.DISABLED, "disable", actor, now, reason)


def enable(
    *, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Application:
    """Let the Application's tokens answer again."""
    return _switch(tenant_id, application_id, Application.Status.ENABLED, "enable", actor, now, reason)


def archive(
    *, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Application:
    """Close the Application for good. Its bindings stay as history and give nothing."""
    with tenant_context(tenant_id):
        application = _found(tenant_id, application_id)
        if application.ended_at:
            return application
        application.ended_at, application.ended_by = now, actor.id
        application.save(update_fields=["ended_at", "ended_by"])
        note(
            "application.archived",
            application,
            actor,
            now,
            reason=reason,
            before={"archived": False},
            after={"archived": True},
        )
    return application


def _checked(**facts: str) -> dict[str, str]:
    findings = Findings()
    checked = {
        "name": findings.text("name", facts["name"], 100),
        "kind": facts["kind"],
        "description": findings.text("description", facts["description"], 500, required=False),
        "resource_uri": facts["resource_uri"].strip(),
        "admission": facts["admission"],
        **{field: facts[field].strip() for field in ("support_contact", "privacy_uri", "terms_uri")},
    }
    if checked["kind"] not in Application.Kind.values:
        findings.add("kind", f"One of {', '.join(Application.Kind.values)}.")
    if checked["admission"] not in Application.Admission.values:
        findings.add("admission", f"One of {', '.join(Application.Admission.values)}.")
    judges = {
        "resource_uri": problem_of,
        "support_contact": problem_of_contact,
        "privacy_uri": problem_of_link,
        "terms_uri": problem_of_link,
    }
    for field, judge in judges.items():
        if problem := judge(checked[field]):
            findings.add(field, problem)
    findings.stop()
    return checked | {"resource_uri": canonical(checked["resource_uri"])}


def _unprove(application: Application) -> None:
    application.verified_at = application.checked_at = application.failing_since = None
    application.verified_by = application.check_problem = ""


def _found(tenant_id: UUID, application_id: UUID) -> Application:
    application = (
        Application.objects.select_for_update(no_key=True)
        .filter(tenant_id=tenant_id, pk=application_id)
        .first()
    )
    if application is None:
        raise Refused({"application_id": "There is no such Application here."})
    return application


def live(tenant_id: UUID, application_id: UUID) -> Application:
    """The Application that stands, locked for change. Raises Refused."""
    application = _found(tenant_id, application_id)
    if application.ended_at:
        raise Refused({"application_id": f"{application.name} is archived."})
    return application


def _save(application: Application, now: datetime) -> None:
    """Save, verified where that needs no proof; a taken name or URI becomes a refusal."""
    if settings.DEVELOPMENT and is_loopback(application.resource_uri) and application.verified_at is None:
        application.verified_at, application.verified_by = now, Application.Proof.LOOPBACK
    try:
        with transaction.atomic():
            application.save()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint == "authz_application_verified_uri_uniq":
            # Somebody else proved it. Whose it is stays unsaid: here it waits for a proof like any other.
            _unprove(application)
            _save_unverified(application)
        elif constraint == "authz_application_uri_uniq":
            raise Refused({"resource_uri": "Another Application here has this resource URI."}) from error
        elif constraint == "authz_application_name_uniq":
            raise Refused({"name": "Another Application here has this name."}) from error
        else:
            raise


def _save_unverified(application: Application) -> None:
    try:
        with transaction.atomic():
            application.save()
    except IntegrityError as error:
        raise Refused({"": "Another Application here has this name or resource URI."}) from error


def _switch(
    tenant_id: UUID, application_id: UUID, status: str, verb: str, actor: Actor, now: datetime, reason: str
) -> Application:
    with tenant_context(tenant_id):
        application = live(tenant_id, application_id)
        if application.status == status:
            return application
        gate, before = gate_of(application), {"status": str(application.status)}
        application.status = status
        application.save(update_fields=["status"])
        remember(application, gate, now)
        after = {"status": str(status)}
        note(f"application.{verb}d", application, actor, now, reason=reason, before=before, after=after)
    return application


def _names(specs: Sequence[ScopeSpec]) -> list[str]:
    return [spec.name for spec in specs]


def note(action: str, application: Application, actor: Actor, now: datetime, **more: Any) -> None:
    """Write down what happened to an Application."""
    record(
        tenant_id=application.tenant_id,
        actor=actor,
        action=action,
        target_kind="application",
        target_id=application.pk,
        target_name=application.name,
        now=now,
        **more,
    )
