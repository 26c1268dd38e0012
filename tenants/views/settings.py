"""Settings → General: what the tenant is called, its plan, and the way to hand it over or close it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from tenants import operations
from tenants.forms import SlugForm, TenantNameForm
from tenants.general import general as facts
from tenants.models import Tenant

STATUS = {operations.SlugTaken: 409, operations.TooManySlugs: 429}


@requires("org:read")
@require_safe
def general(request: Request) -> HttpResponse:
    """Name, slug, plan and what is in use of it; transfer and closing for whom they are."""
    found = facts(request.tenant.tenant_id, request.tenant.plan, timezone.now())
    slug = request.tenant.slug
    context = {
        "page": found,
        "can": request.decision.can,
        "danger": _danger(slug, found.offer is not None, request.decision.can),
        "crumbs": [("Settings", None), ("General", None)],
    }
    return render(request, "tenants/general.html", context)


@requires("org:update")
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: Request) -> HttpResponse:
    """Another name; addresses and ids stay."""
    form = TenantNameForm(posted(request), initial={"name": request.tenant.name})
    words = (_("Rename"), _("Name saved"))
    return _change(request, form, "tenants/rename.html", operations.rename_tenant, "name", words)


@requires("org:update")
@require_http_methods(["GET", "HEAD", "POST"])
def change_slug(request: Request) -> HttpResponse:
    """Another word in the console's addresses, and what becomes of the old one."""
    form = SlugForm(posted(request), initial={"slug": request.tenant.slug})
    words = (_("Change slug"), _("Slug changed"))
    return _change(request, form, "tenants/slug.html", operations.change_slug, "slug", words)


def _change(
    request: Request,
    form: forms.Form,
    template: str,
    verb: Callable[..., Tenant],
    field: str,
    words: tuple[str, str],
) -> HttpResponse:
    """Ask on GET, do on POST. 422 for a bad answer, 409 for a slug that is taken, 429 for too many new ones.

    ``words``: what is asked here, and what is said when it is done.
    """
    here, done = words
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                tenant = verb(**told(request), **form.cleaned_data)
            except operations.TenantError as error:
                form.add_error(field, str(error))
                status = STATUS.get(type(error), 422)
            else:
                messages.success(request, done)
                return go_to(request, reverse("tenants:general", kwargs={"slug": tenant.slug}))
    context = {"form": form, "crumbs": crumbs(request, here)}
    return page_or_partial(request, template, context, partial="dialog", status=status)


def _danger(slug: str, offered: bool, can: frozenset[str]) -> list[dict[str, Any]]:
    """The last section of the page: what this person may do of it."""
    items = []
    if "org:transfer" in can and not offered:
        items.append(
            {
                "title": _("Hand the tenant over"),
                "text": _("Another active member becomes its owner, and you an admin, once they accept."),
                "url": reverse("tenants:offer_transfer", kwargs={"slug": slug}),
                "action": _("Hand over…"),
            }
        )
    if "org:close" in can:
        items.append(
            {
                "title": _("Close the tenant"),
                "text": _("Everything stops at once, for everybody. An owner can reopen it for 30 days."),
                "url": reverse("tenants:close", kwargs={"slug": slug}),
                "action": _("Close tenant…"),
            }
        )
    return items


def crumbs(request: Request, last: str) -> list[tuple[str, str | None]]:
    """The way from General to a page below it."""
    home = reverse("tenants:general", kwargs={"slug": request.tenant.slug})
    return [("Settings", None), ("General", home), (last, None)]
