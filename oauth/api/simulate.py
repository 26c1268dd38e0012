"""What a change would do, before it is done."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.jobs.api.jobs import JobItem, job_items
from authsec.web.access import requires
from authsec.web.api import ApiView, read_input
from authsec.web.problems import Problem
from authz.models import Group, ServiceAccount
from authz.refusals import Refused
from authz.what_if.allowance import TOO_MANY, may_try
from authz.what_if.changes.wire import from_json
from authz.what_if.difference import Shift, SubjectDifference, Total
from authz.what_if.simulate import TooMany
from authz.what_if.words import reason
from oauth.api import simulate_schemas as schemas
from oauth.api.simulate_examples import EXAMPLES
from oauth.what_if import jobs as what_if_jobs
from oauth.what_if.tokens import Tokens, WhatIf, what_if
from tenants.models import TenantUser

SKEW = timedelta(minutes=1)  # of a caller's clock


class Simulate(ApiView):
    """*What if*: the real verb, tried out and rolled back."""

    also = (429, 503)

    @requires("effective_access:read")
    @extend_schema(
        operation_id="simulate",
        request=schemas.SimulateInput,
        responses={200: schemas.Simulation, 202: JobItem},
        examples=[
            OpenApiExample(kind, value={"change": {"kind": kind} | members}, request_only=True)
            for kind, members in EXAMPLES.items()
        ],
        tags=["access"],
    )
    def post(self, request: Request) -> Response:
        """Say per person, Application and scope what would be gained and lost, and how many live tokens it touches.

        Nothing is changed, and nothing is written to the audit log. What you may not do is answered with
        `allowed: false` and the reason. 202 with a job for more people than 500; its result is a CSV file. 503 when
        somebody changes the same rows at this moment: ask again. 429 after 120 in a
        minute, the previews of forms included.
        """
        if not may_try(self.actor):
            raise Problem(429, "throttled", TOO_MANY, headers={"Retry-After": "60"})
        given = read_input(schemas.SimulateInput, request)
        change = _named("change", lambda: from_json(self.tenant_id, given["change"]))
        users, groups = given.get("users"), given.get("groups")
        self._known(users or (), groups or ())
        now = timezone.now()
        if given.get("at", now) < now - SKEW:
            raise Refused({"at": "A moment that is not past: what was cannot be changed any more."})
        mfa, ip = given["mfa"], given.get("ip")
        asked: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "change": change,
            "actor": self.actor,
            "now": now,
        }
        try:
            answer = _named(
                "change",
                lambda: what_if(
                    **asked,
                    people=users,
                    groups=groups,
                    at=given.get("at"),
                    mfa_at=given.get("at", now) if mfa else None,
                    ip=ip,
                ),
            )
        except TooMany:
            job = what_if_jobs.start(**asked, users=users or (), groups=groups or (), mfa=mfa, ip=ip)
            return Response(job_items([job])[0], 202)
        return Response(shown(change.kind, answer))

    def _known(self, users: Iterable[UUID], groups: Iterable[UUID]) -> None:
        """Whom to look at is here: else Refused with the place in its list."""
        wanted, errors = list(users), dict[str, str]()
        if wanted:
            known = set(_ids(TenantUser, self.tenant_id, wanted)) | set(
                _ids(ServiceAccount, self.tenant_id, wanted)
            )
            errors |= {
                f"users.{index}": "There is nobody of this id here."
                for index, key in enumerate(wanted)
                if key not in known
            }
        if named := list(groups):
            live = set(_ids(Group, self.tenant_id, named, ended_at=None))
            errors |= {
                f"groups.{index}": "There is no such group here, or it is archived."
                for index, key in enumerate(named)
                if key not in live
            }
        if errors:
            raise Refused(errors)


def shown(kind: str, answer: WhatIf) -> dict[str, Any]:
    """The answer as JSON."""
    difference = answer.difference
    return {
        "kind": kind,
        "allowed": not difference.refusal,
        "refusal": difference.refusal,
        "looked_at": difference.looked_at,
        "touched": len(difference.touched),
        "items": [_subject(one, answer) for one in difference.subjects],
        "totals": [_total(total) for total in difference.totals],
        "tokens": vars(answer.all_tokens),
        "used": [
            {
                "application_id": one.application_id,
                "scope": one.name,
                "tokens": one.tokens,
                "used": one.used,
                "people": one.people,
                "last_at": one.last_at,
            }
            for one in answer.used
        ],
    }


def _subject(one: SubjectDifference, answer: WhatIf) -> dict[str, Any]:
    kinds = {
        kind: [_shift(shift) for shift in one.of(kind)] for kind in ("gained", "lost", "changed", "kept")
    }
    tokens = answer.tokens.get(one.subject.id, Tokens())
    who = {"kind": one.subject.kind, "id": one.subject.id, "name": one.subject.name}
    return who | kinds | {"unchanged": one.unchanged, "tokens": vars(tokens)}


def _shift(shift: Shift) -> dict[str, Any]:
    return {
        "application_id": shift.application_id,
        "console_permission" if shift.console else "scope": shift.name,
        "before": shift.before.state,
        "after": shift.after.state,
        "starts_at": shift.starts_at,
        "reason": reason(shift),
        "through": [
            {
                "binding_id": way.binding_id,
                "role_name": way.role_name,
                "source": way.source,
                "source_id": way.source_id,
                "source_name": way.source_name,
                "state": way.state,
            }
            for way in shift.after.ways
        ],
    }


def _total(total: Total) -> dict[str, Any]:
    return {
        "application_id": total.application_id,
        "console_permission" if total.console else "scope": total.name,
        "gained": total.gained,
        "lost": total.lost,
        "better": total.better,
        "worse": total.worse,
        "kept": total.kept,
        "kept_through": total.kept_through,
    }


def _named(member: str, verb: Any) -> Any:
    """What ``verb`` gives; what it refuses stands under this member of the body."""
    try:
        return verb()
    except Refused as error:
        raise Refused(
            {f"{member}.{field}" if field else member: text for field, text in error.errors.items()}
        ) from error


def _ids(model: Any, tenant_id: UUID, keys: list[UUID], **more: Any) -> Any:
    return model.objects.filter(tenant_id=tenant_id, pk__in=keys, **more).values_list("pk", flat=True)
