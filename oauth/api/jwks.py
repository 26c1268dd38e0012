"""The public keys with which anybody checks our signatures."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from authsec.web.access import protocol
from oauth import keys
from oauth.api.wire import cross_origin


@protocol
@cross_origin("GET")
@require_safe
def jwks(request: HttpRequest) -> JsonResponse:
    """RFC 7517 §5. A rotated key stands here before it signs, longer than this answer may be cached."""
    return JsonResponse(keys.jwks(), headers={"Cache-Control": f"public, max-age={keys.JWKS_SECONDS}"})
