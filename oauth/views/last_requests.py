"""The panel of Effective Access that says what clients asked for: choosing one makes it the ``requested`` term."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authsec.web.parameters import parse_uuid
from authz.effective import subject as subjects
from oauth.last_requests import LastRequest, last_requests

PASSED_ON = ("mfa", "hours", "ip", "at", "compare", "application")
MANY = 20


@requires("tokens:read")
@require_safe
def requests(request: Request) -> HttpResponse:
    """Each client's last request for one subject, by Application, with the rest of the question handed on.

    For htmx: a choice for each Application named by ``on``, swapped into that Application's head.
    """
    if not request.GET.get("user"):
        raise BadRequest("user: say whose requests, by id.")
    subject = subjects.load(_id(request.GET["user"]))
    if subject is None:
        raise Http404("No such subject.")
    on = [_id(text) for text in request.GET.getlist("on")[:MANY]]
    found = last_requests(
        tenant_id=request.tenant.tenant_id,
        subject_id=subject.id,
        at=timezone.now(),
        applications=on or None,
    )
    context = {
        "subject": subject,
        "groups": [
            _group(request.GET, list(rows)) for _, rows in groupby(found, lambda row: row.application_id)
        ],
        "kept": [(name, value) for name in PASSED_ON for value in request.GET.getlist(name) if value],
    }
    return page_or_partial(request, "oauth/last_requests.html", context, partial="choices")


def _group(query: QueryDict, rows: list[LastRequest]) -> dict[str, Any]:
    """One Application: its requests as values of ``asked``, which of them is chosen, and the other choices."""
    mine = str(rows[0].application_id)
    asked = [text for text in query.getlist("asked") if text.strip()]
    chosen = next((text.split()[1:] for text in asked if text.split()[0] == mine), None)
    return {
        "application_id": rows[0].application_id,
        "name": rows[0].application_name,
        "rows": [
            {
                "row": row,
                "value": " ".join([mine, *row.scopes]),
                "chosen": chosen is not None and set(row.scopes) == set(chosen),
            }
            for row in rows
        ],
        "others": [text for text in asked if text.split()[0] != mine],
    }


def _id(text: str) -> UUID:
    try:
        return parse_uuid(text.strip())
    except ValueError as error:
        raise Http404("An id is a UUID.") from error
