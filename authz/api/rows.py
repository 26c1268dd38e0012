"""Rows that a path, a body or a filter names: of this tenant, or not found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from authsec.web.parameters import moment_parameter, one_of, parameters, parse_uuid
from authsec.web.problems import Problem, invalid, not_found, wrong_parameter
from authz.effective.horizon import BeforeHistory, check_moment
from tenants.models import TenantUser

Row = TypeVar("Row", bound=Model)
LONGEST_TEXT = 200
PERSON = ("user__profiles__display_name", "user__profiles__email")
ENDED = OpenApiParameter("include_ended", enum=["true", "false"], description="Also what is closed.")


def searched(in_words: str) -> list[OpenApiParameter]:
    """The parameters of :func:`narrowed`, for the description: ``in_words`` says what ``q`` looks at."""
    return [OpenApiParameter("q", description=f"An id, or part of {in_words}."), ENDED]


def found(model: type[Row], tenant_id: UUID, key: UUID, member: str = "", *, standing: bool = False) -> Row:
    """The tenant's row; another tenant's is as one that is not there.

    404 when the path names it, 422 with the body's ``member`` when that does. ``standing``: 409 for one that is
    closed, before a change that it would refuse.
    """
    row: Any = model._default_manager.filter(tenant_id=tenant_id, pk=key).first()
    if row is None:
        detail = f"There is no such {model._meta.verbose_name} here."
        raise invalid(detail, {member: detail}) if member else not_found(detail)
    if standing and row.ended_at:
        raise Problem(409, "conflict", f"This {model._meta.verbose_name} is closed, and stays so.")
    return cast(Row, row)


def all_known(tenant_id: UUID, user_ids: Sequence[UUID], member: str = "user_ids") -> None:
    """422 with each place of the body's list that names somebody unknown here. One statement."""
    known = set(TenantUser.objects.filter(tenant_id=tenant_id, pk__in=user_ids).values_list("pk", flat=True))
    detail = "There is no such person here."
    errors = {f"{member}.{index}": detail for index, key in enumerate(user_ids) if key not in known}
    if errors:
        raise invalid(detail, errors)


def narrowed(
    request: Request, rows: QuerySet[Row], *columns: str, ended: str = "ended_at", key: str = "pk"
) -> QuerySet[Row]:
    """The rows that stand, or all with ``include_ended=true``, whose ``key`` is ``q`` or whose ``columns`` hold it.

    Without columns there is no ``q``. Raises a Problem (400).
    """
    given = parameters(request, "q", "include_ended")
    if one_of(given, "include_ended", ["true", "false"]) != "true":
        rows = rows.filter(**{ended: None})
    text = given.get("q", "") if columns else ""
    if len(text) > LONGEST_TEXT:
        raise wrong_parameter("q", f"At most {LONGEST_TEXT} characters.")
    if not text:
        return rows
    try:
        return rows.filter(**{key: parse_uuid(text)})
    except ValueError:
        part = Q()
        for column in columns:
            part |= Q(**{f"{column}__icontains": text})
        return rows.filter(part)


def known_moment(given: Mapping[str, str], name: str, now: datetime) -> datetime | None:
    """A parameter's moment, of which history is still kept; None when it is missing. Raises a Problem (400, 422)."""
    moment = moment_parameter(given, name)
    try:
        check_moment(moment or now, now)
    except BeforeHistory as error:
        named = [{"parameter": name, "detail": str(error)}]
        raise Problem(422, "invalid", str(error), errors=named) from error
    return moment
