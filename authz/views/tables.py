"""Rows of the tables that several pages share, with the words that templates can't make."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from authsec.web.pagination import LIMIT, Page, paginate
from authz import queries
from authz.binding_states import state_of, why_never
from authz.contents import contents_of
from authz.effective.track_rows import badges
from authz.filters import Chosen
from authz.models import Application, Binding, Tool
from tenants.models import MemberType


def bindings(tenant_id: UUID, now: datetime, cursor: str = "", **subject: Any) -> Page[Binding]:
    """One page of bindings that haven't been ended, newest first, dressed for their table."""
    page = paginate(queries.bindings(tenant_id, **subject), column="created_at", cursor=cursor)
    dressed(page.items, now)
    return page


def all_bindings(chosen: Chosen, tenant_id: UUID, now: datetime) -> Page[Binding]:
    """One page of the bindings that fit the filters: those that end soon by their end, the others newest first."""
    state = chosen.form.cleaned_data["state"]
    rows = chosen.form.narrow(tenant_id, Binding.objects.filter(tenant_id=tenant_id), now)
    first = (
        {"column": "expires_at", "ascending": True} if state == "ending_soon" else {"column": "created_at"}
    )
    page: Page[Binding] = paginate(rows, cursor=chosen.cursor, **first)
    # What a row is shown with is joined to the page's rows alone: there may be very many bindings.
    keys = [row.pk for row in page.items]
    whole = queries.ever_bound(tenant_id, pk__in=keys).in_bulk(keys)
    page = replace(page, items=[whole[key] for key in keys])
    dressed(page.items, now)
    return page


def dressed(rows: Sequence[Any], now: datetime) -> None:
    """Give bindings what their templates can't make. One statement, two when any has ended.

    That is the ``conditions`` as badges, the names of the ``scopes`` and how many console permissions the role gives
    (``console_count``), the ``state`` (a key of web.states), for one that can't give anything ``why_never``, for an
    ended one ``end_reason``, and whether what it joined still stands (``could_stand``), so that it could be given anew.
    """
    given = contents_of({row.role for row in rows})
    ended = [row.pk for row in rows if row.ended_at]
    reasons = queries.why_ended(rows[0].tenant_id, ended) if ended else {}
    for row in rows:
        subject = str(row.group or row.service_account or row.plan_tier or row.person or row.user_id)
        row.subject_name = subject
        row.scopes = given[row.role_id].scopes
        row.console_count = len(given[row.role_id].console_permissions)
        row.conditions = conditions(row, now)
        joined = (row.role, row.application, row.group, row.service_account, row.plan_tier)
        row.could_stand = not any(one and one.ended_at for one in joined)
        row.end_reason = reasons.get(row.pk, "")
        row.state = state_of(row, row.never, now)
        row.why_never = why_never(row, row.never, subject) if row.state != "ended" else ""


def conditions(binding: Binding, now: datetime) -> list[Any]:
    """When a binding counts, as badges; its end has a column of its own."""
    return [badge for badge in badges(binding, now) if badge[0] != "ends"]


def people(
    rows: QuerySet[Any], cursor: str = "", *more: str, column: str = "added_at"
) -> Page[dict[str, Any]]:
    """One page of the people whom rows of a group or a service account name, the latest first."""
    page = paginate(queries.as_people(rows, *more), column=column, cursor=cursor)
    for person in page.items:
        person["type_words"] = MemberType(person["type"]).label if person["type"] else ""
    return page


def tools(application: Application, cursor: str = "", *, limit: int = LIMIT) -> Page[Tool]:
    """One page of an Application's published tools by name, each with the decision that stands (``rule``) or None,
    and ``renewed``: described anew since then.
    """
    rows = queries.tools(application.tenant_id, application.pk)
    page = paginate(rows, column="name", cursor=cursor, textual=True, limit=limit)
    rules = queries.tool_rules(application.tenant_id, application.pk, [row.name for row in page.items])
    for row in page.items:
        row.rule = rule = rules.get(row.name)
        row.renewed = bool(rule and row.changed_at and row.changed_at > rule.decided_at)
    return page


def by_name(rows: QuerySet[Any], cursor: str) -> Page[Any]:
    """One page of a list whose rows have a name, from A on."""
    return paginate(rows, column="name", cursor=cursor, textual=True)
