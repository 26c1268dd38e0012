"""The audit log: who did what, newest first."""

from django.http import HttpResponse

from authsec.audit import filters, queries
from authsec.audit.catalog import describe
from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authsec.web.pagination import paginate


@requires("audit:read")
def log(request: Request) -> HttpResponse:
    """One page of events, as the address filters them."""
    chosen = filters.read(request.GET)
    events = chosen.narrow(queries.of_tenant(request.tenant.tenant_id))
    page = paginate(events, column="at", cursor=chosen.cursor)
    context = {
        "page": page,
        "lines": [describe(event) for event in page.items],
        "chosen": chosen,
        "crumbs": [("Audit log", None)],
    }
    return page_or_partial(request, "audit/list.html", context, partial="update")
