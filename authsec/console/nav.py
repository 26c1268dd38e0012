"""The console's menu as data: it lists what exists and what the person may open."""

from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

# label, URL name, icon; a section is a label with its items.
MENU: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        "",
        [
            ("End Users", "endusers:list", "users"),
            ("Applications", "authz:applications", "server"),
            ("OAuth clients", "oauth:clients", "plug"),
        ],
    ),
    (
        "Authz",
        [
            ("Roles", "authz:roles", "shield-check"),
            ("Bindings", "authz:bindings", "link"),
            ("Groups", "authz:groups", "users-round"),
            ("Service accounts", "authz:service_accounts", "bot"),
            ("Effective Access", "authz:effective_access", "route"),
            ("Policies", "authz:policies", "scroll-text"),
        ],
    ),
    ("", [("Audit log", "audit:list", "history")]),
    (
        "Settings",
        [
            ("General", "tenants:general", "settings-2"),
            ("Team", "tenants:team", "user-cog"),
            ("Billing", "tenants:billing", "credit-card"),
            ("Directory", "tenants:directory", "folder-sync"),
            ("Providers", "tenants:providers", "log-in"),
        ],
    ),
]


def sections(slug: str, path: str) -> list[dict[str, Any]]:
    """The menu for one tenant: sections of items that have a URL, the one that holds ``path`` marked active."""
    shown = []
    for label, items in MENU:
        rows = []
        for text, name, icon in items:
            try:
                url = reverse(name, kwargs={"slug": slug})
            except NoReverseMatch:
                continue
            rows.append({"label": text, "url": url, "icon": icon, "active": False, "count": None})
        if rows:
            shown.append({"label": label, "items": rows})
    # Of pages inside one another (Settings, Settings → Team) the innermost is the one.
    here = [row for section in shown for row in section["items"] if path.startswith(row["url"])]
    if here:
        max(here, key=lambda row: len(row["url"]))["active"] = True
    return shown


def navigation(request: Any) -> dict[str, Any]:
    """Context processor: ``theme``, and inside a tenant ``nav``, ``tenant``, ``membership``, ``memberships``."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "theme": theme if theme in ("light", "dark") else "",
        "development": settings.DEVELOPMENT,
        "issuer": settings.ISSUER,
    }
    tenant = getattr(request, "tenant", None)
    if tenant is not None:
        context |= {
            "nav": sections(tenant.slug, request.path),
            "tenant": tenant,
            "membership": request.membership,
            "memberships": [
                {
                    "name": card.name,
                    "slug": card.slug,
                    "plan": card.plan,
                    "type": card.type,
                    "url": f"/t/{card.slug}/",
                    "current": card.slug == tenant.slug,
                }
                for card in request.memberships
                if card.usable
            ],
        }
    return context
