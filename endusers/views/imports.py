"""Importing plan tiers and statuses: bring a file, look at each line's fate, put it into force."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, posted, told
from endusers import import_file, imports
from endusers.bulk.verbs import VERBS
from endusers.models import Upload
from endusers.operations import EndUserError, ReasonRequired
from endusers.views.bulk import check
from endusers.views.people import crumbs
from tenants.forms import OptionalReason

LINES = 100  # on a page
SAMPLE = """email,plan_tier,status
ed.okafor@lanternworks.example,pro,
tomas@aguirre.example,free,suspended"""


class FileForm(forms.Form):
    """A file, or its lines pasted."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    lines = forms.CharField(
        label=_("Or paste the lines"),
        required=False,
        max_length=500_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "input mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        value = super().clean() or self.cleaned_data
        if bool(value.get("file")) == bool(value.get("lines", "").strip()):
            raise forms.ValidationError(_("Choose a file or paste its lines, one of the two."))
        return value


@requires("endusers:update")
@require_http_methods(["GET", "HEAD", "POST"])
def bring(request: Request) -> HttpResponse:
    """Take a file; nothing changes yet."""
    form = FileForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read() if file else form.cleaned_data["lines"].encode()
        name = file.name if file else str(_("pasted lines"))
        try:
            upload = imports.bring(**told(request), name=name, content=content)
            return redirect("endusers:import_look", slug=request.tenant.slug, upload_id=upload.pk)
        except import_file.BadFile as error:
            form.add_error("file" if file else "lines", str(error))
    context = {"form": form, "sample": SAMPLE, "crumbs": crumbs(request, "Import")}
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/import.html", context, partial="form", status=status)


@requires("endusers:update")
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: Request, upload_id: UUID) -> HttpResponse:
    """Each line with its fate as things stand now; start the job."""
    tenant_id = request.tenant.tenant_id
    upload = Upload.objects.filter(tenant_id=tenant_id, pk=upload_id).first()
    if upload is None:
        raise Http404
    form, (fate, after) = OptionalReason(posted(request)), _place(request)
    tally, lines = imports.look(tenant_id, upload_id, fate=fate, after=after, limit=LINES + 1)
    if tally.flips:
        check(request, VERBS["suspend"].permissions)
    if request.method == "POST" and form.is_valid():
        try:
            job = imports.put_into_force(**told(request), upload=upload, reason=form.cleaned_data["reason"])
            return redirect("jobs:job", slug=request.tenant.slug, job_id=job.pk)
        except (EndUserError, TooManyJobs) as error:
            form.add_error("reason" if isinstance(error, ReasonRequired) else None, str(error))
    context = {
        "upload": upload,
        "tally": tally,
        "judged_at": timezone.now(),
        "lines": lines[:LINES],
        "more": lines[LINES - 1].number if len(lines) > LINES else None,
        "fate": fate,
        "after": after,
        "tabs": _tabs(tally, fate),
        "form": form,
        "crumbs": [
            *crumbs(request),
            ("Import", reverse("endusers:import", args=[request.tenant.slug])),
            (upload.name, None),
        ],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/import_look.html", context, partial="lines", status=status)


def _place(request: Request) -> tuple[str, int]:
    fate, after = request.GET.get("fate", ""), request.GET.get("after", "0")
    if fate and fate not in imports.FATES:
        raise BadRequest(f"fate: one of {', '.join(imports.FATES)}.")
    if not (after.isascii() and after.isdigit() and len(after) < 8):
        raise BadRequest("after: the number of a line.")
    return fate, int(after)


TITLES = {
    "changed": _("Would change"),
    "already": _("Already so"),
    "unknown": _("Nobody here"),
    "malformed": _("Can’t be done"),
}


def _tabs(tally: imports.Tally, fate: str) -> list[dict[str, object]]:
    total = sum(tally.lines.values())
    first: dict[str, object] = {
        "label": _("All lines"),
        "url": "?",
        "current": not fate,
        "count": f"{total:,}",
    }
    return [
        first,
        *(
            {"label": TITLES[key], "url": f"?fate={key}", "current": fate == key, "count": f"{number:,}"}
            for key, number in tally.lines.items()
        ),
    ]
