"""Who used an Application in a time, as a page and as a file."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, told
from authz.forms.as_if import MomentField
from authz.views.applications import around, load
from oauth.usage import jobs as usage_jobs
from oauth.usage.who_used import BadPeriod, Period, presets, usage


class PeriodForm(forms.Form):
    """From when until when, in UTC; without either a time that has a name."""

    def __init__(self, query: Any) -> None:
        super().__init__(query)
        self.key = query.get("period", "")
        self.fields["from"] = MomentField(label=_("From"), required=False, help_text=_("UTC"))
        self.fields["to"] = MomentField(label=_("Until"), required=False, help_text=_("UTC. Empty: now"))

    def period(self, now: Any) -> Period | None:
        """The time that is asked about; None with the errors in the form."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        named = {key: period for key, _words, period in presets(now)}
        if not (given["from"] or given["to"]):
            self.key = self.key if self.key in named else "day"
            return named[self.key]
        self.key = ""
        try:
            return Period.of(given["from"], given["to"], now)
        except BadPeriod as error:
            self.add_error("to", str(error))
            return None


@requires("tokens:read")
@require_safe
def application_usage(request: Request, application_id: UUID) -> HttpResponse:
    """Who used the Application: people and clients, the latest first."""
    found, now = load(request, application_id), timezone.now()
    form = PeriodForm(request.GET)
    period = form.period(now)
    context: dict[str, Any] = {
        "application": found,
        "tab": "usage",
        "form": form,
        "period": period,
        "periods": [
            {"label": words, "url": f"?period={key}", "current": key == form.key}
            for key, words, _period in presets(now)
        ],
        "crumbs": [*around(request, found)["way"], (_("Used by"), None)],
    }
    if period:
        context["usage"] = usage(
            tenant_id=found.tenant_id,
            application_id=found.pk,
            period=period,
            cursor=request.GET.get("cursor", ""),
        )
    status = 200 if period else 422
    return page_or_partial(request, "oauth/application_usage.html", context, partial="answer", status=status)


@requires("tokens:read")
@require_POST
def export(request: Request, application_id: UUID) -> HttpResponse:
    """Start the file of exactly the time that the address shows."""
    found = load(request, application_id)
    period = PeriodForm(request.GET).period(timezone.now())
    if period is None:
        raise BadRequest("from and to are times, and to is later.")
    slug = request.tenant.slug
    try:
        job = usage_jobs.export(**told(request), application_id=found.pk, period=period)
    except TooManyJobs as error:
        messages.error(request, str(error))
        back = reverse("oauth:usage", kwargs={"slug": slug, "application_id": found.pk})
        return go_to(request, f"{back}?{request.GET.urlencode()}")
    return go_to(request, reverse("jobs:job", kwargs={"slug": slug, "job_id": job.pk}))
