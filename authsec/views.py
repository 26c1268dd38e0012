"""The front door, the error pages, health, the style guide and the development mailbox."""

import re
import sys
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from authsec import outbox
from authsec.console import metrics as counted
from authsec.database.collisions import AGAIN, AGAIN_IN_S, collided
from authsec.web.access import public
from authsec.web.pagination import BadCursor
from authsec.web.problems import problem_response, wants_problem
from oauth.middleware import AUTHORIZE
from tenants.operations import ensure_personal_tenant
from tenants.queries import memberships_of, recent_first


@public
def home(request: Any) -> HttpResponse:
    """Sign in, or the last tenant. Whoever has none yet gets one of their own (Rule 9)."""
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    ensure_personal_tenant(identity=request.user, actor=request.actor, now=timezone.now())
    usable = recent_first(memberships_of(request.user.pk))
    return redirect("workspace", slug=usable[0].slug) if usable else redirect("account_tenants")


@public
def healthz(request: Any) -> JsonResponse:
    """Liveness: this process answers. Asks nobody."""
    return JsonResponse({"status": "ok"})


@public
def readyz(request: Any) -> JsonResponse:
    """Readiness: the database answers and the schema is there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1 from django_migrations limit 1")
    except Exception:  # whatever keeps the database away, the answer is the same
        return JsonResponse({"status": "unavailable", "database": "unreachable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


@public
def metrics(request: Any) -> HttpResponse:
    """What this process counts, for Prometheus: to whoever bears METRICS_TOKEN. Asks nobody.

    Without a token there is nothing here, except for the machine itself in development.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    elif not (settings.DEVELOPMENT and request.client_ip and ip_address(request.client_ip).is_loopback):
        raise Http404
    return HttpResponse(counted.text(), content_type=counted.CONTENT_TYPE)


@public
def styleguide(request: Any) -> HttpResponse:
    """Every component in each of its states."""
    return render(request, "styleguide.html")


@public
def mailbox(request: Any) -> HttpResponse:
    """Mails sent in development, newest first."""
    if not settings.DEVELOPMENT:
        raise Http404
    return render(request, "dev/mailbox.html", {"messages_sent": outbox.messages()})


@public
def mail(request: Any, name: str) -> HttpResponse:
    """One mail of the development mailbox, by its file's name."""
    message = outbox.message(name) if settings.DEVELOPMENT else None
    if message is None:
        raise Http404
    return render(request, "dev/mail.html", {"mail": message})


def csrf_failure(request: Any, reason: str = "") -> HttpResponse:
    """The form's token is missing or old."""
    # Whoever answers a client after signing in as somebody else finds the way back to the same question.
    again = request.get_full_path() if request.path_info == AUTHORIZE else ""
    return render(request, "errors/csrf.html", {"reason": reason, "again": again}, status=403)


def bad_request(request: Any, exception: Exception | None = None) -> HttpResponse:
    """A request that can't be read."""
    if wants_problem(request):
        return problem_response(request, 400, "The request can't be read.")
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    if isinstance(exception, RequestDataTooBig):
        reason = _("It is too large: what a form sends, its files included, has at most 1 MB.")
    context = {"reason": reason, "way_back": _way_back(request, exception)}
    return render(request, "errors/400.html", context, status=400)


def _way_back(request: Any, exception: Exception | None) -> tuple[str, str] | None:
    """The console's page that was asked for, without what of its address can't be read, and what that link is called.

    A sentence about a parameter begins with its name; where none does, nothing of the query is kept. A place in a list
    is not kept either: without the filter it is another list.
    """
    if request.method not in ("GET", "HEAD") or not request.GET or not request.path.startswith("/t/"):
        return None
    if isinstance(exception, BadCursor):
        dropped, words = {"cursor"}, _("To the first page")
    else:
        name = re.split(r"[: ]", str(exception), maxsplit=1)[0]
        dropped = {name, "cursor"} if name in request.GET else set(request.GET)
        words = _("Open it without “%s”") % name if name in request.GET else _("Open it without filters")
    kept = request.GET.copy()
    for name in dropped:
        kept.pop(name, None)
    return f"{request.path}?{kept.urlencode()}" if kept else request.path, words


def forbidden(request: Any, exception: Exception | None = None) -> HttpResponse:
    """What is missing, and who can give it."""
    if wants_problem(request):
        return problem_response(request, 403, str(exception or "Not allowed."))
    return render(request, "errors/403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    """No such page, or none that this person may know of."""
    if wants_problem(request):
        return problem_response(request, 404, "There is nothing at this path.")
    return render(request, "errors/404.html", status=404)


def too_many(request: Any) -> HttpResponse:
    """A limit on sign-in was reached; the windows are a minute or longer."""
    response = render(request, "errors/429.html", {"retry_after": 60}, status=429)
    response["Retry-After"] = "60"
    return response


def server_error(request: Any) -> HttpResponse:
    """Our fault: the request's id leads to the log. Or nobody's, where another request was in the way of this one."""
    if collided(sys.exc_info()[1]):
        return _in_the_way(request)
    if wants_problem(request):
        return problem_response(request, 500, "The request's id leads us to what happened.")
    return render(request, "errors/500.html", {"request_id": getattr(request, "id", "")}, status=500)


def _in_the_way(request: Any) -> HttpResponse:
    if wants_problem(request):
        response: HttpResponse = problem_response(request, 503, AGAIN)
    else:
        response = render(request, "errors/503.html", status=503)
    response["Retry-After"] = AGAIN_IN_S
    return response
