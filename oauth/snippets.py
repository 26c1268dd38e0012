"""Code that an Application's developers can paste: with its own ids, for the libraries that they use."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authz.models import Application
from oauth.proof import document_url

MARK = re.compile(r"__([A-Z]+(?:_[A-Z]+)*)__")
NO_CREDENTIAL = "your-credential-id"


@dataclass(frozen=True)
class Snippet:
    """``title`` is the file's name; ``literal`` writes a value as the language does; ``kinds``: of Applications."""

    key: str
    label: str | Promise
    title: str
    literal: Callable[[Any], str]
    kinds: tuple[str, ...]


def _shell(value: Any) -> str:
    return shlex.quote(value if isinstance(value, str) else json.dumps(value))


ANY = tuple(Application.Kind.values)
MCP = (Application.Kind.MCP_SERVER.value,)
# A JSON text of strings and lists of them is a literal of Python and of JavaScript, too.
SNIPPETS = {
    snippet.key: snippet
    for snippet in (
        Snippet("fastmcp", "FastMCP", "server.py", json.dumps, MCP),
        Snippet("typescript", _("MCP TypeScript SDK"), "server.ts", json.dumps, MCP),
        Snippet("fastapi", "FastAPI", "main.py", json.dumps, ANY),
        Snippet("django", "Django", "urls.py", json.dumps, ANY),
        Snippet("express", "Express", "server.mjs", json.dumps, ANY),
        Snippet("curl", "curl", "shell", _shell, ANY),
        Snippet("clients", _("AI clients"), "shell", _shell, MCP),
    )
}


def offered(kind: str) -> list[Snippet]:
    """The snippets that suit an Application of this kind, the likeliest first."""
    return [snippet for snippet in SNIPPETS.values() if kind in snippet.kinds]


def write(snippet: Snippet, application: Application, *, credential_id: str, scopes: list[str]) -> str:
    """The snippet for this Application, whose first scope guards the example. No secret stands in it: code reads that
    from its environment.
    """
    values = _values(application, credential_id or NO_CREDENTIAL, scopes)

    def literal(mark: re.Match[str]) -> str:
        value = values[mark[1]]
        return value if mark[1] == "JSON" else snippet.literal(value)

    return MARK.sub(literal, _text(snippet.key))


@cache
def _text(key: str) -> str:
    path: Path = settings.BASE_DIR / "templates" / "oauth" / "snippets" / f"{key}.txt"
    return path.read_text()


def _values(application: Application, credential_id: str, scopes: list[str]) -> dict[str, Any]:
    parts = urlsplit(application.resource_uri)
    document = document_url(application.resource_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    slug = re.sub(r"[^a-z0-9-]+", "-", application.name.lower()).strip("-") or "server"
    named = {"name": slug, "type": "http", "url": application.resource_uri}
    listed = {"mcpServers": {slug: {"url": application.resource_uri}}}
    return {
        "ISSUER": settings.ISSUER,
        "INTROSPECT": f"{settings.ISSUER}/oauth/introspect",
        "PUBLISHED": f"{settings.ISSUER}/applications/{application.pk}/protected-resource-metadata",
        "RESOURCE": application.resource_uri,
        "ORIGIN": origin,
        "PORT": str(parts.port or 8080),
        "PATH": parts.path or "/",
        "ROUTE": f"{parts.path.rstrip('/')}/hello",
        "WELL_KNOWN": urlsplit(document).path,
        "DOCUMENT": document,
        "CREDENTIAL": credential_id,
        "NAME": application.name,
        "SLUG": slug,
        "SCOPES": scopes,
        "SCOPE": scopes[0] if scopes else "read",
        "VSCODE": json.dumps(named),
        "JSON": json.dumps(listed, indent=2),
    }
