"""Addresses of this context's pages inside one tenant, and the way that leads to them."""

from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse

PAGES = {
    "role": ("authz:role", "role_id"),
    "binding": ("authz:binding", "binding_id"),
    "group": ("authz:group", "group_id"),
    "service-account": ("authz:service_account", "service_account_id"),
    "application": ("authz:application", "application_id"),
}
Crumbs = list[tuple[str, str | None]]


def links_in(slug: str) -> Callable[[str, Any], str]:
    """A function from a kind of thing and its id to the page about it, "" where there is none."""

    def link(kind: str, key: Any) -> str:
        name, argument = PAGES.get(kind, ("", ""))
        try:
            return reverse(name, kwargs={"slug": slug, argument: key}) if name and key else ""
        except NoReverseMatch:
            return ""

    return link


def page(slug: str, name: str, **arguments: Any) -> str:
    """The address of one of this context's pages."""
    return reverse(f"authz:{name}", kwargs={"slug": slug, **arguments})


def crumbs(slug: str, above: tuple[str, str] | None, *last: str) -> Crumbs:
    """The way to a page: ``above`` is the label and URL name of its list."""
    section: Crumbs = [("Authz", None)] if above and above[1] != "applications" else []
    way: Crumbs = [*section, (above[0], page(slug, above[1]))] if above else []
    return [*way, *((label, None) for label in last)]
