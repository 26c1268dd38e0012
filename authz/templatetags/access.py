"""`{% load access %}`: sentences of Effective Access, drawn here because a page may hold hundreds of their parts."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from authsec.web.templatetags.ui import when
from authz.effective.sentences import Sentence

register = template.Library()
DRAWN = {"name": "{}", "plain": "{}", "verb": "<b>{}</b>", "wait": '<span class="wait">{}</span>'}


@register.simple_tag
def sentence_words(sentence: Sentence, shown: Collection[UUID] = ()) -> SafeString:
    """The parts of a sentence. ``shown``: Applications whose panel stands below it, so that their name leads there."""
    linked = sentence.application_id if sentence.application_id in (shown or ()) else None
    return format_html_join("", "{}", ((_part(kind, value, linked),) for kind, value in sentence.parts))


def _part(kind: str, value: Any, linked: UUID | None) -> SafeString:
    if kind == "date":
        return when(value, "date")
    if kind != "place":
        return format_html(DRAWN[kind], value)
    name = format_html('<a href="#app-{}">{}</a>', linked, value) if linked else value
    return format_html('<b class="place">{}</b>', name)
