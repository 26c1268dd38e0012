"""Who has something, and how: the reverse of effective access."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, listing
from authsec.web.pagination import parse_limit
from authsec.web.parameters import (
    address_parameter,
    one_of,
    parameters,
    uuid_parameter,
)
from authsec.web.problems import wrong_parameter
from authz.api.rows import LONGEST_TEXT, found, known_moment
from authz.api.who_has_schemas import Holders
from authz.effective import who_has
from authz.effective.wanted import Unclear, Wanted
from authz.models import Application, Group, Role

NAMED: dict[str, Any] = {"application": Application, "role": Role, "group": Group}
PARAMETERS = [
    OpenApiParameter("application", description="An Application, by id. Alone: any scope of it."),
    OpenApiParameter("scope", description="One of its scopes, by name."),
    OpenApiParameter("permission", description="A console permission, such as `audit:read`."),
    OpenApiParameter("role", description="A role, by id."),
    OpenApiParameter("group", description="A group, by id: what its own bindings give."),
    OpenApiParameter("source", enum=who_has.SOURCES, description="Only who has it this way."),
    OpenApiParameter("state", enum=who_has.STATES, description="Only who is in this state."),
    OpenApiParameter("q", description="An id, an address, or part of a name or address."),
    OpenApiParameter("at", description="As if asked then (RFC 3339). Now, when missing."),
    OpenApiParameter("mfa", enum=["true", "false"], description="As if with a fresh second factor."),
    OpenApiParameter("ip", description="As if asked from this address."),
]


class WhoHas(ApiView):
    """People and service accounts who have a scope, a permission or a role."""

    @requires("effective_access:read")
    @extend_schema(operation_id="who_has", responses=Holders, tags=["access"], parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """Whoever has it, in the order in which they came, with every binding that says so.

        Ask for a scope of an `application`, a `permission`, a `role` or what a `group` gives. Whoever has it only
        after something, or does not stand, is there with that state: `state=active` leaves those who have it now.
        Narrowed to a state, a page may hold fewer than `limit` and still have a `next`.
        """
        given = parameters(request, *(one.name for one in PARAMETERS), "cursor", "limit")
        ids = {name: uuid_parameter(given, name) for name in NAMED}
        for name, key in ids.items():
            if key:
                found(NAMED[name], self.tenant_id, key)
        now = timezone.now()
        at = known_moment(given, "at", now) or now
        mfa = one_of(given, "mfa", ["true", "false"]) == "true"
        if len(given.get("q", "")) > LONGEST_TEXT:
            raise wrong_parameter("q", f"At most {LONGEST_TEXT} characters.")
        try:
            page = who_has.who_has(
                tenant_id=self.tenant_id,
                wanted=Wanted(
                    ids["application"],
                    given.get("scope", ""),
                    given.get("permission", ""),
                    ids["role"],
                    ids["group"],
                ),
                as_if=who_has.AsIf(at, at if mfa else None, address_parameter(given, "ip")),
                narrowed=who_has.Narrowed(
                    one_of(given, "source", who_has.SOURCES),
                    one_of(given, "state", who_has.STATES),
                    given.get("q", ""),
                ),
                cursor=given.get("cursor", ""),
                limit=parse_limit(given.get("limit", "")),
            )
        except Unclear as unclear:
            raise wrong_parameter(unclear.field, str(unclear)) from unclear
        except who_has.TooManyMatch as many:
            raise wrong_parameter("q", str(many)) from many
        return listing(
            [_item(one) for one in page.items],
            next=page.next,
            count=page.count.value,
            estimated=page.count.is_estimate,
        )


def _item(one: who_has.Holder) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "state": one.state,
        "reason": one.reason or None,
        "paths": [
            {
                "binding_id": way.binding_id,
                "role_id": way.role_id,
                "role_name": way.role_name,
                "application_id": way.application_id,
                "source": way.source,
                "source_id": way.source_id,
                "source_name": way.source_name,
                "conditions": way.conditions,
                "expires_at": way.expires_at,
                "state": way.state,
            }
            for way in one.ways
        ],
    }
