"""The introspection endpoint where no WSGI dispatch stands ahead of Django: runserver and the test client."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from authsec.web.access import protocol
from oauth import introspection


@csrf_exempt
@protocol
def introspect(request: Any) -> HttpResponse:
    """The same answer as :func:`oauth.introspection.application`, on Django's connection."""

    def ask(parameters: tuple[Any, ...]) -> introspection.Row | None:
        with connection.cursor() as cursor:
            cursor.execute(introspection.STATEMENT, parameters)
            row: introspection.Row | None = cursor.fetchone()
            return row

    status, body, extra = introspection.respond(request.environ, ask)
    response = HttpResponse(body, status=status)
    for name, value in [*introspection.HEADERS, *extra]:
        response[name] = value
    return response
