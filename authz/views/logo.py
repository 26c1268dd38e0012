"""An Application's logo, for whoever is asked whether to let a client in there."""

from uuid import UUID

from django.db import connection
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from authsec.web.access import public


@public
@require_safe
def application_logo(request: object, application_id: UUID, digest: str) -> HttpResponse:
    """The picture of this digest, good for ever: another picture has another address."""
    with connection.cursor() as cursor:
        cursor.execute("select public_logo(%s, %s)", [application_id, digest])
        (content,) = cursor.fetchone()
    if content is None:
        raise Http404
    response = HttpResponse(bytes(content), content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
