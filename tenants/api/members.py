"""The team through the API, under the organization's path and, the same verbs, under v2.

A member who left stays in the list with that status, as on the Team page: what they did still has a name.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters, parse_uuid
from authsec.web.problems import not_found, wrong_parameter
from tenants import operations
from tenants.api import schemas
from tenants.models import Membership, MemberType, Profile

LONGEST_TEXT = 200
MAKE_OWNERS = "org:make_owners"
CHANGES = [
    OpenApiExample("Suspend", value={"status": "suspended", "reason": "lost laptop"}, request_only=True),
    OpenApiExample("Another type", value={"type": "contractor"}, request_only=True),
]
FILTERS = [
    OpenApiParameter("status", enum=Membership.Status.values),
    OpenApiParameter("type", enum=[*MemberType.values, "viewer"]),
    OpenApiParameter("q", description="A user id, or part of a name or of an e-mail address."),
]
REASON = OpenApiParameter("reason", description="Why, for the audit log. At most 500 characters.")


class OrgMembers(ApiView):
    """The tenant's operators."""

    @requires("team:read")
    @extend_schema(
        operation_id="list_members",
        responses=schemas.Members,
        parameters=FILTERS,
        tags=["members"],
    )
    def get(self, request: Request, tenant_id: UUID) -> Response:
        """Members in any status, the latest first. Who was invited and has not come yet is an invitation."""
        return page_of(request, narrowed(self.tenant_id, request), member_items, column="joined_at")


class OrgMember(ApiView):
    """One operator of the tenant."""

    @requires("team:read")
    @extend_schema(operation_id="get_member", responses=schemas.Member, tags=["members"])
    def get(self, request: Request, tenant_id: UUID, member_id: UUID) -> Response:
        """One member, also when they have left."""
        return answer(self.tenant_id, member_id)

    @requires("team:update")
    @extend_schema(
        operation_id="change_member",
        request=schemas.MemberChange,
        responses=schemas.Member,
        examples=CHANGES,
        tags=["members"],
    )
    def patch(self, request: Request, tenant_id: UUID, member_id: UUID) -> Response:
        """Change type, status or both. Nothing is revoked: it counts at the next request and the next introspection.

        The last active owner stays one (409 `last-owner`). Making an owner, and any change of one, also needs
        `org:make_owners`. Who left comes back by invitation (409 `conflict`).
        """
        membership = found(self.tenant_id, member_id)
        given = read_input(schemas.MemberChange, request)
        if MemberType.OWNER in (membership.type, given.get("type")):
            self.also_requires(MAKE_OWNERS)
        operations.change_member(
            tenant_id=self.tenant_id,
            user_id=member_id,
            type=given.get("type"),
            status=given.get("status"),
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self.tenant_id, member_id)

    @requires("team:update")
    @extend_schema(operation_id="remove_member", responses={204: None}, parameters=[REASON], tags=["members"])
    def delete(self, request: Request, tenant_id: UUID, member_id: UUID) -> Response:
        """End the membership (status left) and revoke this person's tokens for this tenant's Applications.

        Their groups, direct bindings and operated service accounts end with it; the user id stays. Their sign-in and
        their other tenants are untouched. Already left: 204 again.
        """
        membership = found(self.tenant_id, member_id)
        who = self.actor
        if membership.type == MemberType.OWNER and (who.kind, who.id) != ("member", member_id):
            self.also_requires(MAKE_OWNERS)
        operations.remove_member(
            tenant_id=self.tenant_id,
            user_id=member_id,
            reason=reason_of(request),
            actor=who,
            now=timezone.now(),
        )
        return Response(status=204)


@extend_schema_view(get=extend_schema(operation_id="list_memberships"))
class TenantMemberships(OrgMembers):
    """The same list under v2."""


@extend_schema_view(
    get=extend_schema(operation_id="get_membership"),
    patch=extend_schema(operation_id="change_membership"),
    delete=extend_schema(operation_id="remove_membership"),
)
class TenantMembership(OrgMember):
    """The same verbs under v2. New members come by invitation only."""


def narrowed(tenant_id: UUID, request: Request) -> QuerySet[Membership]:
    """The memberships that the query string asks for. Raises a Problem (400)."""
    given = parameters(request, "status", "type", "q")
    rows = Membership.objects.filter(tenant_id=tenant_id)
    if status := one_of(given, "status", Membership.Status.values):
        rows = rows.filter(status=status)
    if kind := one_of(given, "type", [*MemberType.values, "viewer"]):
        rows = rows.filter(type=MemberType.READONLY_AUDITOR if kind == "viewer" else kind)
    if text := given.get("q", ""):
        if len(text) > LONGEST_TEXT:
            raise wrong_parameter("q", f"At most {LONGEST_TEXT} characters.")
        rows = rows.filter(matching(tenant_id, text))
    return rows


def matching(tenant_id: UUID, text: str) -> Q:
    """Members whose id this is, or whose name or address holds it."""
    try:
        return Q(user_id=parse_uuid(text))
    except ValueError:
        named = Q(email__icontains=text) | Q(display_name__icontains=text)
        people = Profile.objects.filter(named, tenant_id=tenant_id)
        return Q(user_id__in=people.values("user_id"))


def found(tenant_id: UUID, user_id: UUID) -> Membership:
    """The membership of a person here, in any status; 404 when there is none."""
    row = Membership.objects.filter(tenant_id=tenant_id, user_id=user_id).first()
    if row is None:
        raise not_found("There is no such member here.")
    return row


def reason_of(request: Request) -> str:
    """The optional reason in the query string. Raises a Problem (400)."""
    reason = parameters(request, "reason").get("reason", "")
    if len(reason) > 500:
        raise wrong_parameter("reason", "At most 500 characters.")
    return reason


def answer(tenant_id: UUID, user_id: UUID) -> Response:
    """One member as they stand now."""
    return Response(member_items([found(tenant_id, user_id)])[0])


def member_items(rows: Sequence[Membership]) -> list[dict[str, Any]]:
    """Members as the API shows them. One statement for their names."""
    if not rows:
        return []
    known = Profile.objects.filter(
        tenant_id=rows[0].tenant_id, user_id__in=[row.user_id for row in rows]
    ).values_list("user_id", "email", "display_name")
    people = {user_id: (email, name) for user_id, email, name in known}
    return [
        {
            "user_id": row.user_id,
            "email": people.get(row.user_id, ("", ""))[0],
            "display_name": people.get(row.user_id, ("", ""))[1],
            "type": row.type,
            "status": row.status,
            "source": row.source,
            "invited_by": row.invited_by,
            "joined_at": row.joined_at,
            "last_seen_at": row.last_seen_at,
            "suspended_at": row.suspended_at,
            "suspended_by": row.suspended_by,
            "suspended_reason": row.suspended_reason,
            "left_at": row.left_at,
        }
        for row in rows
    ]
