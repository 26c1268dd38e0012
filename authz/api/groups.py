"""Groups: the lists of people, what is in them, and what they are bound to."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authsec.web.problems import Problem
from authz import groups, people
from authz.api import schemas
from authz.api.bindings import bind_as_asked, binding_item, binding_items
from authz.api.rows import ENDED, PERSON, all_known, found, narrowed, searched
from authz.models import Binding, Group, GroupMember
from tenants.models import Profile

SOURCE = OpenApiParameter("source", enum=GroupMember.Source.values, description="Who put people in.")


class Groups(ApiView):
    """All groups of the tenant."""

    @requires("groups:read")
    @extend_schema(
        operation_id="list_groups",
        responses=schemas.Groups,
        tags=["groups"],
        parameters=[*searched("a name or description"), SOURCE],
    )
    def get(self, request: Request) -> Response:
        """The groups that are not archived, newest first."""
        rows = Group.objects.filter(tenant_id=self.tenant_id)
        if source := _source(request):
            inside = GroupMember.objects.filter(
                tenant_id=self.tenant_id, group=OuterRef("pk"), source=source, ended_at=None
            )
            rows = rows.filter(Exists(inside))
        return page_of(request, narrowed(request, rows, "name", "description"), group_items)

    @requires("groups:manage")
    @extend_schema(
        operation_id="create_group",
        request=schemas.GroupInput,
        responses={201: schemas.Group},
        tags=["groups"],
    )
    def post(self, request: Request) -> Response:
        """Create an empty group."""
        given = read_input(schemas.GroupInput, request)
        group = groups.create(
            tenant_id=self.tenant_id,
            name=given["name"],
            description=given["description"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(group_items([group])[0], 201)


class OneGroup(ApiView):
    """One group."""

    @requires("groups:read")
    @extend_schema(operation_id="get_group", responses=schemas.Group, tags=["groups"])
    def get(self, request: Request, group_id: UUID) -> Response:
        """The group, also when it is archived."""
        return Response(group_items([found(Group, self.tenant_id, group_id)])[0])

    @requires("groups:manage")
    @extend_schema(
        operation_id="change_group", request=schemas.GroupChange, responses=schemas.Group, tags=["groups"]
    )
    def patch(self, request: Request, group_id: UUID) -> Response:
        """Rename the group or say anew what it is for."""
        found(Group, self.tenant_id, group_id, standing=True)
        given = read_input(schemas.GroupChange, request)
        group = groups.edit(
            tenant_id=self.tenant_id, group_id=group_id, **given, actor=self.actor, now=timezone.now()
        )
        return Response(group_items([group])[0])

    @requires("groups:manage")
    @extend_schema(operation_id="archive_group", responses={204: None}, tags=["groups"])
    def delete(self, request: Request, group_id: UUID) -> Response:
        """Archive the group: what it gave is gone at once; its history stays."""
        found(Group, self.tenant_id, group_id)
        groups.archive(tenant_id=self.tenant_id, group_id=group_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


class GroupMembers(ApiView):
    """Who is in a group."""

    @requires("groups:read")
    @extend_schema(
        operation_id="list_group_members",
        responses=schemas.GroupMembers,
        tags=["groups"],
        parameters=[*searched("a name or e-mail address"), SOURCE],
    )
    def get(self, request: Request, group_id: UUID) -> Response:
        """The people in the group, the latest first; with `include_ended` also who was in it."""
        group = found(Group, self.tenant_id, group_id)
        rows = GroupMember.objects.filter(tenant_id=self.tenant_id, group=group)
        if source := _source(request):
            rows = rows.filter(source=source)
        return page_of(
            request, narrowed(request, rows, *PERSON, key="user_id"), member_items, column="added_at"
        )

    @requires("groups:manage")
    @extend_schema(
        operation_id="add_group_members",
        request=schemas.MembersInput,
        responses={200: schemas.FilledGroup},
        tags=["groups"],
    )
    def post(self, request: Request, group_id: UUID) -> Response:
        """Add people by user id or e-mail, all or none. Who is in already stays as they are."""
        group = found(Group, self.tenant_id, group_id, standing=True)
        given = read_input(schemas.MembersInput, request)
        user_ids, emails = given.get("user_ids", []), given.get("emails", [])
        all_known(self.tenant_id, user_ids)
        added = groups.add_members(
            tenant_id=self.tenant_id,
            group_id=group_id,
            user_ids=user_ids,
            emails=emails,
            source=GroupMember.Source.API,
            actor=self.actor,
            now=timezone.now(),
        )
        found_by = people.by_email(self.tenant_id, emails)
        named = [
            *((str(key), key) for key in user_ids),
            *((email, found_by[email.strip().lower()]) for email in emails),
        ]
        return Response(
            group_items([group])[0] | {"results": _results(named, {row.user_id for row in added})}
        )


class OneGroupMember(ApiView):
    """One person in a group."""

    @requires("groups:manage")
    @extend_schema(operation_id="remove_group_member", responses={204: None}, tags=["groups"])
    def delete(self, request: Request, group_id: UUID, user_id: UUID) -> Response:
        """Take a person out of the group. 404 for somebody who is not in it; 409 for whom a directory keeps in it."""
        found(Group, self.tenant_id, group_id)
        row = groups.remove_member(
            tenant_id=self.tenant_id,
            group_id=group_id,
            user_id=user_id,
            actor=self.actor,
            now=timezone.now(),
        )
        if row is None:
            raise Problem(404, "not-found", "This person is not in the group.")
        return Response(status=204)


class GroupAccess(ApiView):
    """All that a group gives, at once."""

    @requires("bindings:end")
    @extend_schema(
        operation_id="end_group_access",
        request=schemas.ReasonInput,
        responses=schemas.EndedAccess,
        tags=["groups"],
    )
    def post(self, request: Request, group_id: UUID) -> Response:
        """End every binding of the group now, all or none. Its people stay in it, and it can be bound anew."""
        found(Group, self.tenant_id, group_id, standing=True)
        given = read_input(schemas.ReasonInput, request)
        ended = groups.end_access(
            tenant_id=self.tenant_id,
            group_id=group_id,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"ended": len(ended), "binding_ids": [row.pk for row in ended]})


class GroupRoleBindings(ApiView):
    """What a group is bound to."""

    @requires("bindings:read")
    @extend_schema(
        operation_id="list_group_role_bindings",
        responses=schemas.Bindings,
        tags=["groups"],
        parameters=[ENDED],
    )
    def get(self, request: Request, group_id: UUID) -> Response:
        """The group's bindings that have not ended, newest first."""
        group = found(Group, self.tenant_id, group_id)
        rows = narrowed(request, Binding.objects.filter(tenant_id=self.tenant_id, group=group))
        return page_of(request, rows.select_related("role", "application", "plan_tier"), binding_items)

    @requires("bindings:create")
    @extend_schema(
        operation_id="bind_group",
        request=schemas.RoleBindingInput,
        responses={200: schemas.Binding, 201: schemas.Binding},
        tags=["groups"],
    )
    def post(self, request: Request, group_id: UUID) -> Response:
        """Bind the group to a role, on one Application or tenant-wide, under conditions.

        The answer repeats the conditions as they stand. 200 when exactly this binding stands already.
        """
        found(Group, self.tenant_id, group_id)
        given = read_input(schemas.RoleBindingInput, request)
        binding, new = bind_as_asked(
            tenant_id=self.tenant_id, given=given, actor=self.actor, now=timezone.now(), group_id=group_id
        )
        return Response(binding_item(binding), 201 if new else 200)


def group_items(rows: Sequence[Group]) -> list[dict[str, Any]]:
    """Groups as the API shows them, with the number of people and bindings of each. Two statements."""
    theirs: dict[str, Any] = {
        "tenant_id__in": {row.tenant_id for row in rows},
        "group__in": [row.pk for row in rows],
        "ended_at": None,
    }
    members, bound = (
        dict(model._default_manager.filter(**theirs).order_by().values_list("group_id").annotate(Count("id")))
        for model in (GroupMember, Binding)
    )
    return [
        {
            "id": row.pk,
            "name": row.name,
            "description": row.description,
            "members": members.get(row.pk, 0),
            "bindings": bound.get(row.pk, 0),
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]


def member_items(rows: Sequence[GroupMember]) -> list[dict[str, Any]]:
    """People in a group as the API shows them. One statement."""
    profiles = {
        profile.user_id: profile
        for profile in Profile.objects.filter(
            tenant_id__in={row.tenant_id for row in rows}, user_id__in=[row.user_id for row in rows]
        )
    }
    return [
        {
            "user_id": row.user_id,
            "email": profiles[row.user_id].email if row.user_id in profiles else "",
            "display_name": profiles[row.user_id].display_name if row.user_id in profiles else "",
            "source": row.source,
            "added_at": row.added_at,
            "added_by": row.added_by,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]


def _results(named: Sequence[tuple[str, UUID]], added: set[UUID]) -> list[dict[str, Any]]:
    """What became of each that the request names; somebody who is named twice is added once."""
    left, results = set(added), []
    for given, key in named:
        results.append({"user_id": key, "given": given, "result": "added" if key in left else "already_in"})
        left.discard(key)
    return results


def _source(request: Request) -> str | None:
    return one_of(parameters(request, "source"), "source", GroupMember.Source.values)
