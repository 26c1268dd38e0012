"""The API's reference as a page of ours, read off the OpenAPI document: no scripts, no content delivery network."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from authsec.console.openapi import document
from authsec.web.access import public
from authsec.web.problems import STATUS_OF, TITLES

TAGS = {
    "me": "Who bears the token, and where.",
    "end users": "Consumers of the tenant: people who consented to an AI client or another program.",
    "members": "People of the team: owners, admins, members, contractors, service operators, auditors.",
    "groups": "Lists of people, and what they are bound to.",
    "bindings": "What gives access: a role for a subject, on one Application or tenant-wide, under conditions.",
    "access": "Why somebody may do what they may.",
    "applications": "What is protected, its scopes and its credentials.",
    "roles": "Named sets of scopes and console permissions.",
    "service accounts": "CI jobs and agents, with their own OAuth clients.",
    "clients": "What asks for tokens, and the tenant's word on it.",
    "audit": "Who did what.",
    "jobs": "Work that takes longer than a request: exports.",
}
NEEDS = "\n\nNeeds "


@dataclass(frozen=True)
class Field:
    """One parameter, or one member of a body. ``name`` is dotted where members nest."""

    name: str
    type: str
    required: bool
    description: SafeString
    place: str = ""


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it: ``right`` is the Cedar action it needs, ``answered`` an answer as JSON."""

    anchor: str
    method: str
    path: str
    title: str
    paragraphs: list[SafeString]
    right: str
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    status: str
    example: str
    answered: str


@public
def schema(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document, as JSON."""
    return JsonResponse(document(), headers={"Access-Control-Allow-Origin": "*"})


@public
def docs(request: HttpRequest) -> HttpResponse:
    """The browsable reference."""
    return render(
        request,
        "api/docs.html",
        {
            "sections": sections(),
            "api": settings.API_RESOURCE,
            "token_example": HOW_TO_GET_IN.format(issuer=settings.ISSUER),
            "problems": [(name, title, STATUS_OF.get(name, "")) for name, title in TITLES.items()],
        },
    )


@cache
def sections() -> list[dict[str, Any]]:
    """Tags in order, each with its operations."""
    found: dict[str, list[Operation]] = {tag: [] for tag in TAGS}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            found.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    return [
        {"name": tag, "anchor": slugify(tag), "about": TAGS.get(tag, ""), "operations": operations}
        for tag, operations in found.items()
        if operations
    ]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    words, _, right = operation.get("description", "").partition(NEEDS)
    status, answer = next((s, a) for s, a in operation["responses"].items() if s.startswith("2"))
    body = operation.get("requestBody")
    parameters = [
        Field(
            p["name"],
            _type(p["schema"]),
            p.get("required", False),
            _rich(p.get("description", "")),
            {"query": "query", "header": "header", "path": "path"}[p["in"]],
        )
        for p in operation.get("parameters", [])
    ]
    return Operation(
        anchor=slugify(operation["operationId"]),
        method=method.upper(),
        path=path,
        title=operation.get("summary") or operation["operationId"].replace("_", " ").capitalize(),
        paragraphs=[_rich(" ".join(part.split())) for part in words.split("\n\n") if part.strip()],
        right=right.partition("`")[2].partition("`")[0],
        parameters=sorted(parameters, key=lambda p: (("path", "header", "query").index(p.place), p.name)),
        body=_members(_schema_of(body)) if body else [],
        answer=_members(_schema_of(answer)),
        status=status,
        example=_curl(path, method, operation, _shown(body or {})),
        answered=_shown(answer),
    )


def _rich(text: str) -> SafeString:
    """Text as HTML, with what stands in backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in enumerate(parts))
    )


def _schema_of(content: dict[str, Any]) -> dict[str, Any]:
    media: dict[str, Any] = content.get("content", {})
    return dict(next((one["schema"] for one in media.values()), {}))


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Behind references and around null."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document()["components"]["schemas"][name])
    for word in ("oneOf", "allOf", "anyOf"):
        if word in schema:
            return _resolved(next(one for one in schema[word] if one.get("type") != "null"))
    return schema


def _members(schema: dict[str, Any], prefix: str = "") -> list[Field]:
    schema = _resolved(schema)
    fields = []
    for name, inner in schema.get("properties", {}).items():
        said = inner.get("description") or _resolved(inner).get("description", "")
        own = "" if _resolved(inner).get("type") == "object" else said
        fields.append(Field(prefix + name, _type(inner), name in schema.get("required", []), _rich(own)))
        target = _resolved(inner)
        if target.get("type") == "array":
            fields += _members(target["items"], f"{prefix}{name}[].")
        else:
            fields += _members(target, f"{prefix}{name}.")
    return fields


def _type(schema: dict[str, Any]) -> str:
    """What a value is, in a few words."""
    target = _resolved(schema)
    kinds = target.get("type", "")
    names = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind != "null"]
    text = target.get("format") or (names[0] if names else "")
    text = {"date-time": "time (RFC 3339)", "uuid": "UUID", "email": "e-mail"}.get(text, text)
    if target.get("enum"):
        text = " | ".join(str(one) for one in target["enum"] if one is not None)
    if target.get("type") == "array":
        text = f"list of {_type(target['items'])}"
    nullable = "null" in kinds or any(one.get("type") == "null" for one in schema.get("oneOf", []))
    return f"{text} or null" if nullable else text


def _curl(path: str, method: str, operation: dict[str, Any], body: str) -> str:
    """The call as somebody would type it, with the ids of the document's examples."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", str(parameter.get("example", "")))
    verb = "" if method == "get" else f"-X {method.upper()} "
    lines = [f"curl {verb}{settings.ISSUER}{path}", '-H "Authorization: Bearer $TOKEN"']
    if any(p["name"] == "X-Tenant-ID" and p.get("required") for p in operation.get("parameters", [])):
        lines.append('-H "X-Tenant-ID: $TENANT"')
    if body:
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def _shown(content: dict[str, Any]) -> str:
    """The first example of a body or an answer as indented JSON, "" where there is none."""
    for media in content.get("content", {}).values():
        for example in media.get("examples", {}).values():
            return json.dumps(example["value"], indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return ""


HOW_TO_GET_IN = """curl {issuer}/oauth/token \\
  -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials \\
  -d resource={issuer}/api \\
  -d "scope=api:read api:write\""""
