"""What happened to a person's own sign-in, as that person reads it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from authsec.audit.installation import in_words, page_of
from authsec.audit.models import InstallationEvent
from authsec.web.access import signed_in
from tenants.sessions import Device


@signed_in
@require_safe
def activity(request: Any) -> HttpResponse:
    """Sign-ins and changes of how one signs in, newest first, page by page."""
    page = page_of(request.user.pk, cursor=request.GET.get("cursor", ""))
    context = {"page": page, "entries": [shown(event) for event in page.items]}
    return render(request, "account/activity.html", context)


def shown(event: InstallationEvent) -> dict[str, Any]:
    """An event as a timeline's entry, with the browser and the address that it came from."""
    line = in_words(event)
    where = [format_html("{}", Device(line.agent).words)] if line.agent else []
    if line.ip:
        where.append(format_html('<span class="mono">{}</span>', line.ip))
    below = format_html(
        '<span class="secondary block">{}</span>', format_html_join(" · ", "{}", ((each,) for each in where))
    )
    return {
        "icon": line.icon,
        "tone": line.tone,
        "sentence": format_html("{}{}", line.sentence, below if where else ""),
        "at": line.at,
    }
