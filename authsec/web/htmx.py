"""One view for a page and for its fragment: htmx only shortens the way, every page works without it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from authsec.web.http import Request


def page_or_partial(
    request: Request, template: str, context: dict[str, Any], *, partial: str, status: int = 200
) -> HttpResponse:
    """Render the page, or only its ``partial`` for a request that htmx made.

    Both answer at one URL, so caches must know what they depend on.
    """
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, f"{template}#{partial}" if fragment else template, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def go_to(request: Request, url: str) -> HttpResponse:
    """Leave for another page after a change (POST, redirect, GET); htmx loads it whole."""
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
