"""Pictures of clients, from our own origin."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from authsec.web.access import protocol
from oauth.models import ClientLogo


@protocol
@require_safe
def client_logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The PNG of this digest, which we made ourselves. It never changes: another picture has another address."""
    found = ClientLogo.objects.filter(digest=digest).first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.content),
        content_type="image/png",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
