"""The chain: by which way a scope reaches somebody, role ← binding ← group ← user. A page may draw hundreds."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from authsec.web import icons

LINK = (
    '<li><div class="chain-link"><span class="chain-kind">{}{}</span><b>{}</b>'
    '<span class="secondary">{}</span></div></li>'
)


def links(path: Mapping[str, Any]) -> SafeString:
    """The list of a path's ``links``: {kind, icon, name, note, url}."""
    items = format_html_join(
        "",
        LINK,
        ((icons.render(one["icon"], 12), one["kind"], _name(one), one["note"]) for one in path["links"]),
    )
    return format_html('<ol class="chain">{}</ol>', items)


def _name(link: Mapping[str, Any]) -> SafeString | str:
    if url := link.get("url"):
        return format_html('<a class="name" href="{}">{}</a>', url, link["name"])
    return str(link["name"])
