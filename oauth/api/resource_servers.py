"""What an Application's own server asks here with its resource credential besides introspection: which scopes its
tools require, and a place to say which tools it has. Paths and shapes are those of the public authsec-sdk.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.secrets import digest
from authsec.web.access import protocol
from authsec.web.parsers import StrictJSONParser
from authsec.web.problems import Problem, invalid, not_found, problem_answer
from authz.models import Application
from authz.refusals import Refused
from authz.tool_access import policy_of
from authz.tool_manifest import read_manifest
from authz.tool_publication import publish
from oauth import throttle
from oauth.client_authentication import basic_credentials
from oauth.introspection import CREDENTIAL

REALM = 'Basic realm="resource server"'
FIND = "select tenant_id, application_id, tenant_open from resource_of_credential(%s, %s)"


@dataclass(frozen=True)
class Caller:
    """The Application that a credential is of. ``stands``: neither it is disabled nor its tenant closed."""

    application: Application
    credential_id: str
    stands: bool


View = Callable[[Any, Caller], HttpResponse]


def endpoint(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """A view for the server of the Application in the path, inside its tenant. Refusals are problems (RFC 9457)."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @protocol
        @wraps(view)
        def answer(request: Any, application_id: UUID) -> HttpResponse:
            try:
                if request.method not in methods:
                    allowed = {"Allow": ", ".join(methods)}
                    raise Problem(405, "method-not-allowed", f"Use {methods[0]}.", headers=allowed)
                return _inside(request, application_id, view)
            except Problem as problem:
                return problem_answer(request, problem)

        return answer

    return decorate


@endpoint("GET", "HEAD")
def policy(request: Any, caller: Caller) -> HttpResponse:
    """Which scopes each tool requires: any of them suffices. The entity tag spares the body, never the question."""
    body = policy_of(caller.application, stands=caller.stands)
    tag = f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]}"'
    same = request.headers.get("If-None-Match") == tag
    response = HttpResponse(status=304) if same else JsonResponse(body)
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    return response


@endpoint("PUT")
def manifest(request: Any, caller: Caller) -> HttpResponse:
    """Take the list of tools that the server has now. It decides nothing about who may call them."""
    application = caller.application
    if not throttle.hit("manifest", str(application.pk)):
        raise Problem(429, "throttled", "Publish less often.", headers={"Retry-After": "60"})
    if request.content_type != "application/json":
        raise Problem(415, "unsupported-media-type", "Send the manifest as application/json.")
    try:
        done = publish(
            tenant_id=application.tenant_id,
            application_id=application.pk,
            tools=read_manifest(StrictJSONParser().parse(request)),
            credential_id=caller.credential_id,
            actor=_actor(request, application),
            now=timezone.now(),
        )
    except Refused as refusal:
        raise invalid(str(refusal)[:500], refusal.errors) from refusal
    counts = {
        "added": len(done.added),
        "changed": len(done.changed),
        "removed": len(done.removed),
    }
    response = JsonResponse({"tools": done.total, **counts, "generation": done.generation})
    response["Cache-Control"] = "no-store"
    return response


def _inside(request: Any, application_id: UUID, view: View) -> HttpResponse:
    """Authenticate, then run the view in the Application's tenant. Another Application's id is nobody's id."""
    credential, tenant_id, own_id, tenant_open = _authenticated(request)
    if own_id != application_id:
        raise not_found("There is no such resource server.")
    with tenant_context(tenant_id, savepoint=False):
        rows = Application.objects.filter(tenant_id=tenant_id, pk=application_id, ended_at=None)
        if (application := rows.first()) is None:
            raise not_found("There is no such resource server.")
        stands = tenant_open and application.status == Application.Status.ENABLED
        return view(request, Caller(application, credential, stands))


def _authenticated(request: Any) -> tuple[str, UUID, UUID, bool]:
    """The credential's id, its tenant, its Application and whether the tenant is open; a Problem (401) else.

    Basic is taken raw and form-encoded (RFC 6749 §2.3.1), as introspection takes it: clients do either.
    """
    for user, secret in basic_credentials(request.headers.get("Authorization", "")) or []:
        if not CREDENTIAL.fullmatch(user):
            continue
        with connection.cursor() as cursor:
            cursor.execute(FIND, [user, digest(secret)])
            if row := cursor.fetchone():
                return user, *row
    detail = "Authenticate with the Application's resource credential."
    raise Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": REALM})


def _actor(request: Any, application: Application) -> Actor:
    """The Application's own server, as an event records it."""
    return Actor(
        kind="application",
        id=application.pk,
        name=application.name,
        ip=request.client_ip,
        via="oauth",
        request_id=request.id,
    )
