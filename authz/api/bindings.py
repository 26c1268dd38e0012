"""Bindings as the API shows, makes and ends them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.actor import Actor
from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import moment_parameter, one_of, parameters, uuid_parameter
from authsec.web.problems import invalid, wrong_parameter
from authz import binding_changes, bindings, conditions
from authz.api import schemas
from authz.api.rows import ENDED, LONGEST_TEXT, found, narrowed
from authz.binding_states import STATES, in_state, never_of, state_of
from authz.filters import matching
from authz.models import SUBJECTS, Application, Binding, Group, Role, ServiceAccount
from authz.refusals import Refused
from endusers.models import PlanTier
from tenants.models import TenantUser

FILTERS = ("role", "user", "group", "service_account", "application")


class Bindings(ApiView):
    """All bindings of the tenant."""

    @requires("bindings:read")
    @extend_schema(
        operation_id="list_bindings",
        responses=schemas.Bindings,
        tags=["bindings"],
        parameters=[
            OpenApiParameter(
                "q",
                description="Part of a role's, subject's or Application's name or of the reason; or any id of it.",
            ),
            OpenApiParameter(
                "state",
                enum=[*STATES],
                description="Only those. `ending_soon`: within 7 days; `ended`: also those that have run out.",
            ),
            OpenApiParameter(
                "ending_before",
                OpenApiTypes.DATETIME,
                description="Only those that have not ended and will by then; the nearest end first.",
            ),
            OpenApiParameter("subject", enum=[*SUBJECTS], description="Only those for this kind of subject."),
            *(OpenApiParameter(name, description="Only of this one, by id.") for name in FILTERS),
            OpenApiParameter("plan_tier", description="Only of this plan tier, by key."),
            OpenApiParameter(
                "tenant_wide", enum=["true", "false"], description="On no Application, or on one."
            ),
            ENDED,
        ],
    )
    def get(self, request: Request) -> Response:
        """Bindings that have not been ended, newest first."""
        rows, order = _listed(request, self.tenant_id, timezone.now())
        return page_of(
            request, rows.select_related("role", "application", "plan_tier"), binding_items, **order
        )

    @requires("bindings:create")
    @extend_schema(
        operation_id="create_binding",
        request=schemas.BindingInput,
        responses={200: schemas.Binding, 201: schemas.Binding},
        tags=["bindings"],
    )
    def post(self, request: Request) -> Response:
        """Give a role to exactly one of a user, a group, a service account and a plan tier.

        200 when exactly this binding stands already.
        """
        given = read_input(schemas.BindingInput, request)
        binding, new = bind_as_asked(
            tenant_id=self.tenant_id,
            given=given,
            actor=self.actor,
            now=timezone.now(),
            **_subject(self.tenant_id, given),
        )
        return Response(binding_item(binding), 201 if new else 200)


class OneBinding(ApiView):
    """One binding."""

    @requires("bindings:read")
    @extend_schema(operation_id="get_binding", responses=schemas.Binding, tags=["bindings"])
    def get(self, request: Request, binding_id: UUID) -> Response:
        """The binding, also when it has ended."""
        return Response(binding_item(found(Binding, self.tenant_id, binding_id)))

    @requires("bindings:create")
    @extend_schema(
        operation_id="change_binding",
        request=schemas.BindingChange,
        responses=schemas.Binding,
        tags=["bindings"],
    )
    def patch(self, request: Request, binding_id: UUID) -> Response:
        """Change the terms: conditions, end, reason. For another role, subject or Application end it and bind anew.

        The change counts at the next introspection. Terms by which it counts less need `bindings:end` too. An ended
        binding stays as it is: 409.
        """
        found(Binding, self.tenant_id, binding_id, standing=True)
        given = read_input(schemas.BindingChange, request)
        if "conditions" in given:
            given["conditions"] = conditions.from_json(given["conditions"])
        row = binding_changes.change(
            tenant_id=self.tenant_id, binding_id=binding_id, actor=self.actor, now=timezone.now(), **given
        )
        return Response(binding_item(row))

    @requires("bindings:end")
    @extend_schema(operation_id="end_binding", responses={204: None}, tags=["bindings"])
    def delete(self, request: Request, binding_id: UUID) -> Response:
        """End the binding: it gives nothing from now on, and stays as history."""
        found(Binding, self.tenant_id, binding_id)
        bindings.end(tenant_id=self.tenant_id, binding_id=binding_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


def _subject(tenant_id: UUID, given: dict[str, Any]) -> dict[str, UUID | None]:
    """The subject's key; 422 for one of another tenant. The verb refuses none or two."""
    models: dict[str, type[Model]] = {
        "user_id": TenantUser,
        "group_id": Group,
        "service_account_id": ServiceAccount,
    }
    for name, model in models.items():
        if given[name]:
            found(model, tenant_id, given[name], name)
    subject: dict[str, UUID | None] = {name: given[name] for name in models}
    if given["plan_tier"]:
        tier = PlanTier.objects.filter(tenant_id=tenant_id, key=given["plan_tier"]).first()
        if tier is None:
            raise invalid("There is no such plan tier here.", {"plan_tier": "No such key."})
        subject["plan_tier_id"] = tier.pk
    return subject


def _listed(request: Request, tenant_id: UUID, now: datetime) -> tuple[QuerySet[Binding], dict[str, Any]]:
    """The bindings that the parameters ask for, and the order to show them in. Raises a Problem (400)."""
    given = parameters(
        request, "q", "state", "ending_before", "subject", "tenant_wide", "plan_tier", *FILTERS
    )
    rows = Binding.objects.filter(tenant_id=tenant_id)
    state = one_of(given, "state", STATES)
    rows = in_state(tenant_id, rows, state, now) if state else narrowed(request, rows)
    if kind := one_of(given, "subject", SUBJECTS):
        rows = rows.filter(**{f"{kind}__isnull": False})
    if wide := one_of(given, "tenant_wide", ["true", "false"]):
        rows = rows.filter(application__isnull=wide == "true")
    if tier := given.get("plan_tier"):
        rows = rows.filter(plan_tier__key=tier)
    for name in FILTERS:
        if key := uuid_parameter(given, name):
            rows = rows.filter(**{f"{name}_id": key})
    text = given.get("q", "")
    if len(text) > LONGEST_TEXT:
        raise wrong_parameter("q", f"At most {LONGEST_TEXT} characters.")
    rows = matching(tenant_id, rows, text)
    if before := moment_parameter(given, "ending_before"):
        rows = rows.filter(ended_at=None, expires_at__gt=now, expires_at__lt=before)
        return rows, {"column": "expires_at", "ascending": True}
    return rows, {}


def binding_items(rows: Sequence[Binding]) -> list[dict[str, Any]]:
    """Bindings as the API shows them; ``rows`` come with role, application and plan_tier selected. One statement."""
    now = timezone.now()
    never = never_of(rows[0].tenant_id, [row.pk for row in rows]) if rows else {}
    return [_item(row, never.get(row.pk, ""), now) for row in rows]


def binding_item(row: Binding) -> dict[str, Any]:
    """One binding as the API shows it."""
    return binding_items([row])[0]


def _item(row: Binding, never: str, now: datetime) -> dict[str, Any]:
    return {
        "id": row.pk,
        "role_id": row.role_id,
        "role_name": row.role.name,
        "user_id": row.user_id,
        "group_id": row.group_id,
        "service_account_id": row.service_account_id,
        "plan_tier": row.plan_tier.key if row.plan_tier else None,
        "application_id": row.application_id,
        "application_name": row.application.name if row.application else None,
        "conditions": conditions.as_json(row),
        "expires_at": row.expires_at,
        "reason": row.reason,
        "state": state_of(row, never, now),
        "never_gives": never or None,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "since": row.since or row.created_at,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
    }


def bind_as_asked(
    *, tenant_id: UUID, given: dict[str, Any], actor: Actor, now: datetime, **subject: UUID | None
) -> tuple[Binding, bool]:
    """Make the binding that a body asks for. Returns it, and whether it is new."""
    found(Role, tenant_id, given["role_id"], "role_id")
    if given["application_id"]:
        found(Application, tenant_id, given["application_id"], "application_id")
    try:
        binding = bindings.bind(
            tenant_id=tenant_id,
            role_id=given["role_id"],
            application_id=given["application_id"],
            conditions=conditions.from_json(given["conditions"]),
            expires_at=given["expires_at"],
            reason=given["reason"],
            actor=actor,
            now=now,
            **subject,
        )
    except Refused as error:  # a body names the tier by its key
        raise Refused(
            {name.replace("plan_tier_id", "plan_tier"): text for name, text in error.errors.items()}
        ) from error
    return binding, binding.created_at == now
