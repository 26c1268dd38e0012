"""Rows of the tables that several pages share, with the words that templates can't make."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from authsec.web.pagination import LIMIT, Page, paginate
from authz import queries
from authz.contents import contents_of
from authz.models import Application, Binding, Tool
from authz.track_rows import badges


def bindings(tenant_id: UUID, now: datetime, cursor: str = "", **subject: Any) -> Page[Binding]:
    """One page of bindings that haven't been ended, newest first, each with what its template can't make.

    That is its ``conditions`` as badges, whether it has ``expired``, how many console permissions its role gives
    (``console_count``), and ``gone``: the name of what it needs and what has been archived since, "" while all stands.
    """
    page = paginate(queries.bindings(tenant_id, **subject), column="created_at", cursor=cursor)
    given = contents_of({row.role for row in page.items})
    for row in page.items:
        row.console_count = len(given[row.role_id].console_permissions)
        row.conditions = [badge for badge in badges(row, now) if badge[0] != "ends"]
        row.expired = row.expires_at is not None and row.expires_at <= now
        needs = (row.role, row.group, row.service_account, row.application)
        row.gone = next((str(thing) for thing in needs if thing and thing.ended_at), "")
    return page


def people(
    rows: QuerySet[Any], cursor: str = "", *more: str, column: str = "added_at"
) -> Page[dict[str, Any]]:
    """One page of the people whom rows of a group or a service account name, the latest first."""
    page = paginate(queries.as_people(rows, *more), column=column, cursor=cursor)
    for person in page.items:
        person["type_words"] = (person["type"] or "").replace("_", " ").capitalize()
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
