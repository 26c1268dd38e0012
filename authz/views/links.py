"""Addresses of this context's pages inside one tenant, and the way that leads to them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.urls import reverse

from authsec.web.http import Request

# kind of thing → URL name, its argument, what reading it takes
PAGES = {
    "role": ("authz:role", "role_id", "roles:read"),
    "binding": ("authz:binding", "binding_id", "bindings:read"),
    "group": ("authz:group", "group_id", "groups:read"),
    "service-account": ("authz:service_account", "service_account_id", "service_accounts:read"),
    "application": ("authz:application", "application_id", "apps:read"),
    "plan-tier": ("authz:plan_tier", "key", "plan_tiers:read"),
}
ANY = UUID(int=0)  # stands for the key in an address that is filled in later
Crumbs = list[tuple[str, str | None]]


def links_for(request: Request) -> Callable[[str, Any], str]:
    """A function from a kind of thing and its id to the page about it, "" where there is none for who asks."""
    can = request.decision.can
    known: dict[str, str] = {}  # an address is looked up once for each kind: a page may link hundreds

    def link(kind: str, key: Any) -> str:
        name, argument, reading = PAGES.get(kind, ("", "", ""))
        if not key or reading not in can:
            return ""
        if kind not in known:
            known[kind] = reverse(name, kwargs={"slug": request.tenant.slug, argument: ANY})
        return known[kind].replace(str(ANY), str(key))

    return link


def person_url(request: Request, user_id: Any) -> str:
    """What reaches somebody, "" for those who may look at themselves only."""
    if "effective_access:read" not in request.decision.can:
        return ""
    return f"{page(request.tenant.slug, 'effective_access')}?user={user_id}"


def page(slug: str, name: str, **arguments: Any) -> str:
    """The address of one of this context's pages."""
    return reverse(f"authz:{name}", kwargs={"slug": slug, **arguments})


def crumbs(slug: str, above: tuple[str, str] | None, *last: str) -> Crumbs:
    """The way to a page: ``above`` is the label and URL name of its list."""
    section: Crumbs = [("Authz", None)] if above and above[1] != "applications" else []
    way: Crumbs = [*section, (above[0], page(slug, above[1]))] if above else []
    return [*way, *((label, None) for label in last)]
