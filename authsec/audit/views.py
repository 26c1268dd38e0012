"""The audit log: who did what, newest first; and its export."""

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from authsec.audit import filters, jobs, queries
from authsec.audit.catalog import describe
from authsec.audit.formats import FORMATS
from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import count_of, paginate


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
        "chips": chosen.chips_for(page.items),
        "may_export": request.powers.decide("audit:export").allowed,
        "crumbs": [("Audit log", None)],
    }
    return page_or_partial(request, "audit/list.html", context, partial="update")


class ExportForm(forms.Form):
    """As what to export."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(key, format.title) for key, format in FORMATS.items()],
        initial="csv",
        widget=forms.RadioSelect,
    )


@requires("audit:export")
def export(request: Request) -> HttpResponse:
    """Ask for the format, say what is exported, and start the job. The address holds the filters."""
    chosen = filters.read(request.GET)
    form = ExportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            job = jobs.export(**told(request), filter=chosen.filter, format=form.cleaned_data["format"])
            return go_to(request, reverse("jobs:job", kwargs={"slug": request.tenant.slug, "job_id": job.pk}))
        except TooManyJobs as error:
            form.add_error(None, str(error))
    back = reverse("audit:list", kwargs={"slug": request.tenant.slug})
    context = {
        "form": form,
        "chosen": chosen,
        "count": count_of(chosen.narrow(queries.of_tenant(request.tenant.tenant_id))),
        "back": f"{back}?{chosen.query}" if chosen.query else back,
        "crumbs": [("Audit log", back), ("Export", None)],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "audit/export.html", context, partial="dialog", status=status)
