"""*Explain a token*: what was decided when it was issued, and what introspection says now."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, posted
from authsec.web.parameters import parse_uuid
from authz.views.links import crumbs
from oauth import explained, throttle
from oauth.forms import TokenForm

PAGE = "oauth/explain_token.html"


class ExplainForm(TokenForm):
    """A token, or the id (``jti``) under which decisions and introspection name it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].label = _("Access token, or its id (jti)")


def _named(request: Request) -> str:
    """The id in the address; nothing else there is answered, least of all a token: addresses are logged and shared."""
    try:
        return str(parse_uuid(request.GET.get("jti", "").strip()))
    except ValueError:
        return ""


@requires("tokens:read")
@require_http_methods(["GET", "HEAD", "POST"])
def explain_token(request: Request) -> HttpResponse:
    """Explain one token. It is posted, used for this answer and kept nowhere; only an id may stand in the address."""
    jti = _named(request)
    form, found, text, status = ExplainForm(posted(request)), None, "", 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST" and not throttle.hit("try", str(request.actor.id)):
        form.add_error(None, "Too many tokens in a minute. Wait a little.")
        status = 429
    elif request.method == "POST" or jti:
        text = form.cleaned_data["token"] if request.method == "POST" else jti
        found = explained.explain_token(tenant_id=request.tenant.tenant_id, text=text, now=timezone.now())
        form, status = ExplainForm(), 200 if found or request.method == "POST" else 404
    elif request.GET.get("jti"):
        status = 404
    context = {
        "form": form,
        "found": found,
        "asked": bool(text),
        "what": explained.what_is(text) if text and not found else "",
        "crumbs": crumbs(request.tenant.slug, ("Effective Access", "effective_access"), "Explain a token"),
    }
    response = page_or_partial(request, PAGE, context, partial="answer", status=status)
    response["Cache-Control"] = "no-store"
    return response
