"""The public keys with which anybody checks our signatures."""

from django.http import HttpRequest, JsonResponse

from authsec.web.access import protocol
from oauth import keys


@protocol
def jwks(request: HttpRequest) -> JsonResponse:
    """RFC 7517 §5. A rotated key stands here before it signs, longer than this answer may be cached."""
    return JsonResponse(
        keys.jwks(),
        headers={
            "Cache-Control": f"public, max-age={keys.JWKS_SECONDS}",
            "Access-Control-Allow-Origin": "*",
        },
    )
