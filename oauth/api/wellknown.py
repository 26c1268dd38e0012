"""Discovery: the server's metadata (RFC 8414) and what resources publish (RFC 9728)."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from authsec.web.access import protocol
from oauth import metadata
from oauth.api.wire import cross_origin
from oauth.issuance import API_SCOPES


@protocol
@cross_origin("GET")
@require_safe
def authorization_server(request: Any, path: str = "") -> HttpResponse:
    """RFC 8414 §3. Clients that were given a path append it; the one issuer answers there too."""
    response = JsonResponse(metadata.authorization_server())
    response["Cache-Control"] = "public, max-age=300"
    return response


@protocol
@cross_origin("GET")
@require_safe
def openid_provider(request: Any, path: str = "") -> HttpResponse:
    """OpenID Connect Discovery §4; where clients of RFC 8414 §5 append a path, the one issuer answers too."""
    response = JsonResponse(metadata.openid_provider())
    response["Cache-Control"] = "public, max-age=300"
    return response


@protocol
@cross_origin("GET")
@require_safe
def protected_resource(request: Any, application_id: UUID) -> HttpResponse:
    """What this Application's own RFC 9728 document should say."""
    with connection.cursor() as cursor:
        cursor.execute("select resource_uri, name, scopes from public_application(%s)", [application_id])
        row = cursor.fetchone()
    if row is None:
        raise Http404
    return JsonResponse(metadata.protected_resource(*row))


@protocol
@cross_origin("GET")
@require_safe
def management_api(request: Any) -> HttpResponse:
    """The RFC 9728 document of the reserved resource ``{issuer}/api``."""
    return JsonResponse(
        metadata.protected_resource(settings.API_RESOURCE, "AuthSec management API", list(API_SCOPES))
    )
