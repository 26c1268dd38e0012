"""The OpenAPI document: what drf-spectacular reads off the views, and what our roof adds to every operation."""

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from authsec.console import quota
from authsec.console.examples import Storyteller
from authsec.console.story import ANSWERED, TABLES
from authsec.console.story_cast import REQUEST_ID
from authsec.console.story_problems import PROBLEMS
from authsec.web import problems
from authsec.web.access import Mark
from authsec.web.problems import BY_STATUS, CONTENT_TYPE, TITLES
from tenants.plans import LABELS

TENANT_HEADER = OpenApiParameter(
    "X-Tenant-ID",
    type={"type": "string", "format": "uuid"},
    location=OpenApiParameter.HEADER,
    required=True,
    description="The tenant that the request is about; the access token must hold it.",
)
OPTIONAL_TENANT_HEADER = OpenApiParameter(
    "X-Tenant-ID",
    type={"type": "string", "format": "uuid"},
    location=OpenApiParameter.HEADER,
    description="Not needed here: the path names the tenant. If sent, it must be the same.",
)
TENANT_ID = {
    "type": "string",
    "format": "uuid",
    "description": "May repeat the selected tenant; selects none.",
}
PAGE = [
    OpenApiParameter(
        "limit",
        type={"type": "integer", "minimum": 1, "maximum": 200},
        default=50,
        description="Items on a page.",
    ),
    OpenApiParameter("cursor", description="`next` of the page before."),
]
WITH_BODY = ("POST", "PUT", "PATCH")
SCOPES = {
    "api:read": "Read, as far as the bearer's roles go.",
    "api:write": "Read and change, as far as the bearer's roles go.",
}


class Bearer(OpenApiAuthenticationExtension):
    """RFC 6750 bearer tokens, once as what they are and once as how to get them."""

    target_class = "authsec.console.drf.BearerAuthentication"
    name = ["bearer", "oauth2"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        endpoints = {"tokenUrl": f"{settings.ISSUER}/oauth/token", "scopes": SCOPES}
        for_people = {**endpoints, "authorizationUrl": f"{settings.ISSUER}/oauth/authorize"}
        token = f"An access token for the resource `{settings.API_RESOURCE}`"
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": f"{token}, with scope `api:read` or `api:write`.",
            },
            {
                "type": "oauth2",
                "description": f"{token}: a person gets it through an approved client (authorization code with "
                "PKCE), a service account by client credentials; both name the resource.",
                "flows": {"authorizationCode": for_people, "clientCredentials": endpoints},
            },
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Either way, with the scope that the method needs."""
        needed = ["api:read" if auto_schema.method == "GET" else "api:write"]
        return [{"bearer": needed}, {"oauth2": needed}]


class ProblemError(serializers.Serializer[Any]):
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="Where in the body (RFC 6901), as a fragment.")
    parameter = serializers.CharField(required=False, help_text="Which query parameter.")


class Problem(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.ChoiceField(sorted(TITLES))
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemError(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(help_text="Say it when you ask us for help.")
    what = serializers.ChoiceField(
        sorted(LABELS),
        required=False,
        help_text="Of `plan-limit` only, as the next three: what there is no room for.",
    )
    limit = serializers.IntegerField(required=False, help_text="How many the plan allows.")
    used = serializers.IntegerField(required=False, help_text="How many are in use.")
    plan = serializers.CharField(required=False, help_text="The tenant's plan.")


class ApiSchema(AutoSchema):
    """An operation with its right, its tenant, its page and its problems."""

    @property
    def mark(self) -> Mark | None:
        """The handler's mark."""
        return getattr(getattr(self.view, self.method.lower(), None), "mark", None)

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """A public operation says so: an empty requirement (OpenAPI 3.1, Operation Object)."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        return operation and {"security": [], **operation}

    def get_override_parameters(self) -> list[Any]:
        """The tenant's header, and the page of a list."""
        found: list[Any] = []
        if self.mark and self.mark.kind in ("requires", "member"):
            found.append(OPTIONAL_TENANT_HEADER if "tenant_id" in self.path else TENANT_HEADER)
        answers = self.get_response_serializers()
        if isinstance(answers, type) and getattr(answers, "paged", False):
            found += PAGE
        return found

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """A body that we take knows its members: no others, but the tenant's id may stand in each."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        instance = force_instance(serializer)
        if getattr(instance, "refuses_unknown", False):
            schema["additionalProperties"] = False
            if not getattr(instance, "nested", False):
                schema["properties"]["tenant_id"] = TENANT_ID
        return schema

    def get_description(self) -> str:  # type: ignore[override]
        """The handler's words, and which right it needs."""
        said = (getattr(self.view, self.method.lower()).__doc__ or "").strip()
        said = "\n".join(line.strip() for line in said.splitlines())
        if self.mark and self.mark.kind == "requires":
            said += f"\n\nNeeds `{self.mark.action}` in the tenant."
        return said

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        component = self.resolve_serializer(Problem, "response")
        for status in self._problem_statuses():
            content = {CONTENT_TYPE: {"schema": component.ref, "examples": self._problems(status)}}
            bodies.setdefault(str(status), {"content": content, "description": TITLES[BY_STATUS[status]]})
        for code, body in bodies.items():
            body["description"] = body["description"] or "Done"
            if fields := self._fields(code):
                body["headers"] = body.get("headers", {}) | fields
        content = {CONTENT_TYPE: {"schema": component.ref, "examples": self._problems(500)}}
        bodies["default"] = {"content": content, "description": "Any other error"}
        return bodies

    def _fields(self, status: str) -> dict[str, Any]:
        """The header fields about the quota: of whoever was recognised."""
        if not self.mark or self.mark.kind == "public" or status == "401":
            return {}
        named = [name for name in quota.FIELDS if name != "Retry-After" or status == "429"]
        return {name: {"$ref": f"#/components/headers/{name}"} for name in named}

    def _problems(self, status: int) -> dict[str, Any]:
        """Problems of this status that the operation may answer."""
        needs_body, in_tenant = self.method in WITH_BODY, bool(self.mark and self.mark.kind == "requires")
        unfit = set() if in_tenant else {"tenant-required", "tenant-not-in-token", "forbidden", "escalation"}
        unfit |= {"invalid-parameter"} if needs_body else {"malformed-request", "escalation"}
        return {
            kind: {"summary": TITLES[kind], "value": problems.body(code, kind, detail, REQUEST_ID, errors)}
            for kind, (code, detail, errors) in PROBLEMS.items()
            if code == status and kind not in unfit
        }

    def _problem_statuses(self) -> list[int]:
        if self.mark and self.mark.kind == "public":
            return [404]
        statuses = [400, 401, 403, 429]
        if "{" in self.path or self.method in WITH_BODY:
            statuses.append(404)
        if self.method in WITH_BODY:
            statuses += [413, 415, 422]
        if self.method != "GET":
            statuses.append(409)
        return sorted({*statuses, *getattr(self.view, "also", ())})


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document. Made once a process: views do not change while it runs."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    made["components"]["headers"] = {
        name: {"description": words, "schema": {"type": "string"}, "example": example}
        for name, (words, example) in quota.FIELDS.items()
    }
    story = Storyteller(made)
    for path, item in made["paths"].items():
        for operation in item.values():
            _illustrate(operation, story, "EndUser" if "/end-users" in path else "")
    return made


def _illustrate(operation: dict[str, Any], story: Storyteller, about: str) -> None:
    """Give parameters, body and answers an example each, where the view brings none of its own."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" or parameter["name"] == TENANT_HEADER.name:
            name = parameter["name"] if parameter["in"] == "path" else "tenant_id"
            parameter.setdefault("example", story.example(parameter["schema"], about, name))
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        for kind, media in body.get("content", {}).items():
            if not media.get("examples"):
                told = TABLES.get(kind) or story.example(media["schema"])
                if isinstance(told, dict) and body is not operation.get("requestBody"):
                    told = told | ANSWERED.get(operation["operationId"], {})
                media["examples"] = {"example": {"value": told}}
