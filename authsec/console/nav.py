"""The console's menu as data: it lists what exists and what the person may open."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, resolve, reverse

from authsec.web.access import mark_of
from tenants.queries import MembershipCard, recent_first

RECENT, SEARCHABLE, LISTED = 3, 5, 100  # tenants in the switcher: called recent, worth a search, at most
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
            ("Security", "tenants:security", "lock-keyhole"),
            ("Plan tiers", "authz:plan_tiers", "layers"),
            ("Billing", "tenants:billing", "credit-card"),
            ("Directory", "tenants:directory", "folder-sync"),
            ("Providers", "tenants:providers", "log-in"),
        ],
    ),
]


@dataclass(frozen=True)
class Switcher:
    """The tenant switcher: ``recent`` are the last visited ones beside the present one, ``others`` the rest by name.

    ``more`` counts those that the menu leaves to the page of all tenants.
    """

    recent: list[MembershipCard]
    others: list[MembershipCard]
    more: int = 0

    @classmethod
    def of(cls, cards: list[MembershipCard], present: MembershipCard) -> "Switcher":
        """Sort a person's memberships for somebody who is in ``present``."""
        usable = [card for card in recent_first(cards) if card.tenant_id != present.tenant_id]
        visited = [card for card in usable if card.last_seen_at] if len(usable) > RECENT else []
        recent = visited[:RECENT]
        others = sorted((card for card in usable if card not in recent), key=lambda card: card.name.lower())
        return cls(recent, others[:LISTED], max(len(others) - LISTED, 0))

    @property
    def searchable(self) -> bool:
        """Whether there are enough to make looking for one worth a field."""
        return len(self.recent) + len(self.others) > SEARCHABLE


@cache
def action_of(url_name: str) -> str | None:
    """The action that the view of a URL name requires, read off its mark; None when the page is not there."""
    try:
        mark = mark_of(resolve(reverse(url_name, kwargs={"slug": "x"})).func)
    except NoReverseMatch:
        return None
    return mark.action if mark else ""


def sections(slug: str, path: str, can: Collection[str]) -> list[dict[str, Any]]:
    """The menu for one tenant: sections of pages that exist and that the person may open.

    ``can`` holds the actions that the person may do. The page that holds ``path`` is marked active; of pages inside
    one another (Settings, Settings → Team) the innermost.
    """
    shown: list[dict[str, Any]] = []
    for label, items in MENU:
        rows = [
            {
                "label": text,
                "url": reverse(name, kwargs={"slug": slug}),
                "icon": icon,
                "active": False,
                "count": None,
            }
            for text, name, icon in items
            if (action := action_of(name)) is not None and (not action or action in can)
        ]
        if rows:
            shown.append({"label": label, "items": rows})
    here = [row for section in shown for row in section["items"] if path.startswith(row["url"])]
    if here:
        max(here, key=lambda row: len(row["url"]))["active"] = True
    return shown


def allowed_actions(request: Any) -> frozenset[str]:
    """The actions that Cedar lets this person do in the tenant of the request; none outside one."""
    powers = getattr(request, "powers", None)
    return powers.permissions() if powers and powers.active else frozenset()


def first_page(request: Any) -> str | None:
    """The address of the first page of the menu that the person may open; None when there is none."""
    pages = [
        row["url"]
        for section in sections(request.tenant.slug, "", allowed_actions(request))
        for row in section["items"]
    ]
    return pages[0] if pages else None


def navigation(request: Any) -> dict[str, Any]:
    """Context processor: ``theme``, and inside a tenant ``nav``, ``tenant``, ``membership``, ``switcher``."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "theme": theme if theme in ("light", "dark") else "",
        "development": settings.DEVELOPMENT,
        "issuer": settings.ISSUER,
    }
    tenant = getattr(request, "tenant", None)
    if tenant is not None:
        context |= {
            "nav": sections(tenant.slug, request.path, allowed_actions(request)),
            "tenant": tenant,
            "membership": request.membership,
            "switcher": Switcher.of(request.memberships, tenant),
        }
    return context
