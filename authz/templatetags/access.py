"""`{% load access %}`: what pages about access hold hundreds of, drawn here: sentences, bindings, holders.

A template takes several times as long for a row; what it would look up for each row is looked up once for all.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django import template
from django.template import RequestContext
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from authsec.web import icons
from authsec.web.templatetags.ui import badge, pill, when
from authz.effective.sentences import Sentence
from authz.views.links import links_for, person_url

register = template.Library()
DRAWN = {"name": "{}", "plain": "{}", "verb": "<b>{}</b>", "wait": '<span class="wait">{}</span>'}
SENTENCE = '<div class="app-sentence">{}<p>{}</p><span class="push">{}</span></div>'
NAMES = 6  # scopes that a binding's line says


@register.simple_tag(takes_context=True)
def named(context: RequestContext, kind: str, key: Any, words: Any, look: str = "name") -> SafeString | str:
    """The name of a thing (a kind of ``links.PAGES``, or person), which leads to its page where who looks may open it:
    nobody is shown a way that ends at a 403.
    """
    request: Any = context.request
    url = person_url(request, key) if kind == "person" else links_for(request)(kind, key)
    return _link(url, conditional_escape(words), look)


@register.simple_tag
def sentence(one: Sentence, shown: Collection[UUID] = ()) -> SafeString:
    """One Application, or the console, in a sentence, and how many scopes pass. ``shown``: Applications whose panel
    stands below it, so that their name leads there.
    """
    linked = one.application_id if one.application_id in (shown or ()) else None
    words = format_html_join("", "{}", ((_part(kind, value, linked),) for kind, value in one.parts))
    return format_html(
        SENTENCE, icons.render("server" if one.application_id else "app-window"), words, _tally(one)
    )


def _part(kind: str, value: Any, linked: UUID | None) -> SafeString:
    if kind == "date":
        return when(value, "date")
    if kind != "place":
        return format_html(DRAWN[kind], value)
    name = format_html('<a href="#app-{}">{}</a>', linked, value) if linked else value
    return format_html('<b class="place">{}</b>', name)


def _tally(one: Sentence) -> SafeString:
    if not one.application_id:
        words = ngettext("%d permission", "%d permissions", one.total) % one.total
        return format_html('<a class="secondary" href="#console">{}</a>', words)
    counted = {"granted": one.granted, "total": one.total}
    if one.pending:
        return pill("pending_step_up", _("%(granted)s of %(total)s now") % counted)
    return pill("granted" if one.granted else "not_granted", _("%(granted)s of %(total)s") % counted)


REACHING = (
    '<tr><th scope="row" data-as="name"><span class="twoline">{}<span class="secondary">{}</span></span></th>'
    '<td>{}</td><td>{}</td><td>{}</td><td data-as="aside"><span class="twoline"><span>{}</span>{}</span></td></tr>'
)
CONDITION = '<span class="condition-word">{}{}</span> '


@register.simple_tag
def reaching_rows(items: Iterable[Mapping[str, Any]]) -> SafeString:
    """Bindings that reach a subject, as rows: {item, url (of the role), place, conditions, why}."""
    muted = '<span class="muted">{}</span>'
    everywhere, always = _("tenant-wide"), format_html(muted, _("always"))
    archived = format_html(muted, _("archived"))
    return format_html_join(
        "",
        REACHING,
        (
            (
                _link(row["url"], row["item"].role_name, "name"),
                _gives(row["item"]),
                row["place"] or (archived if row["item"].application_id else everywhere),
                _source(row["item"]),
                format_html_join("", CONDITION, map(_condition, row["conditions"])) or always,
                pill(row["item"].state, quiet=True),
                format_html('<span class="secondary">{}</span>', row["why"])
                if row["item"].state != "active"
                else "",
            )
            for row in items
        ),
    )


def _gives(item: Any) -> str:
    """*repo:read, repo:write · 2 console permissions*."""
    more = ", …" if len(item.scopes) > NAMES else ""
    said = [", ".join(item.scopes[:NAMES]) + more] if item.scopes else []
    if number := len(item.console_permissions):
        said.append(ngettext("%d console permission", "%d console permissions", number) % number)
    return " · ".join(said)


def _source(item: Any) -> SafeString:
    name = "" if item.source == "direct" else f" {item.source_name}"
    return format_html("{}{}", badge(item.source), name)


def _condition(condition: tuple[str, str, str]) -> tuple[SafeString, SafeString | str]:
    """A condition's badge and, in words, whether it is met; an end is met by itself."""
    kind, words, met = condition
    told = "" if kind == "ends" else format_html(' <span class="secondary" aria-hidden="true">{}</span>', met)
    return badge(kind, words, met), told


HOLDER = (
    '<tr><th scope="row" data-as="name"><span class="twoline"><a class="name" href="{}">{}</a>'
    '<span class="secondary">{}</span></span></th><td data-as="aside">{}</td><td>{}{}</td></tr>'
)
WAY = '<div class="way">{} {}{} {} {}{}</div>'


@register.simple_tag
def holder_rows(rows: Iterable[Mapping[str, Any]]) -> SafeString:
    """Who has something, as rows: {one (Holder), url, state (its words), reason, ways, more}, each way {way, url,
    role_url, badges, differs}.
    """
    everywhere = format_html('<span class="muted">{}</span>', _("tenant-wide"))
    account, uncounted = _("service account"), pill("suspended", _("does not count"))

    def about(one: Any) -> str:
        return account if one.kind == "service_account" else one.email or "" if one.email != one.name else ""

    def way(each: Mapping[str, Any]) -> tuple[Any, ...]:
        one = each["way"]
        source = format_html("{}, ", _link(each["url"], one.source_name)) if one.source != "direct" else ""
        place = _("on %(place)s") % {"place": one.application_name} if one.application_name else everywhere
        facts = format_html_join("", "{} ", ((badge(*fact),) for fact in each["badges"]))
        differs = pill(one.state, quiet=True) if each["differs"] else ""
        return badge(one.source), source, _link(each["role_url"], one.role_name), place, facts, differs

    return format_html_join(
        "",
        HOLDER,
        (
            (
                row["url"],
                row["one"].name,
                about(row["one"]),
                _state(row, uncounted),
                format_html_join("", WAY, map(way, row["ways"])),
                _more(row["more"]),
            )
            for row in rows
        ),
    )


def _state(row: Mapping[str, Any], uncounted: SafeString) -> SafeString:
    one = row["one"]
    if one.state == "active":
        said = pill("active", row["state"], quiet=True)
    else:
        said = uncounted if one.reason else pill(one.state, row["state"])
    return (
        format_html('{}<br><span class="secondary">{}</span>', said, row["reason"]) if row["reason"] else said
    )


def _more(number: int) -> SafeString | str:
    if not number:
        return ""
    words = ngettext("and %d more way", "and %d more ways", number) % number
    return format_html('<div class="secondary">{}</div>', words)


def _link(url: str, words: str, look: str = "link") -> SafeString | str:
    return format_html('<a class="{}" href="{}">{}</a>', look, url, words) if url else words
