"""The design system's tags: `{% load ui %}`. Every one is shown on /styleguide/.

{% icon "users" %} {% icon "check" 12 %}         Lucide, aria-hidden; 12, 16, 20 or 24 px
{% pill "suspended" %}                            state: mark + word; text=, icon= override; quiet=True is dot + word
{% badge "group" %} {% badge "mfa" "MFA within 12 h" met=False %}   fact; conditions are dashed, amber when not met
{% risk "high" %}                                 triangle only from high up
{% ident uuid %} {% ident uuid full=True %}       short monospace id, copy button
{% copy "text" "Copy as text" %}                  copy button alone (absent without JavaScript)
{% when moment %} {% when moment "date" %}        relative | date | full; empty="never"; None is fine
{% avatar "Ed Okafor" %} {% avatar name "large" %}  classes: large, tile, ring, accent
{% avatar name "tile large" picture=application.logo_url %}   the picture where there is one
{% field form.email %}                            label=, hint=, note="required", icon="mail", look="segmented|cards",
                                                  corner="Forgotten?" corner_url=
{% form_errors form request_id=request_id %}      what belongs to no field
{% track "mfa" "yes" "yes" state="pending_step_up" reason="through on-call" %}   answers: web/tracks.py
{% chain path %}                                  role ← binding ← group ← user, one path
{% chart "bars" values start="24 Oct" label="Suspensions per day" %}   bars | line | split (pairs of label, number)
{% if url|opens_for:request %}                    whether a page of ours opens for who looks, by its mark
Links that keep filters: Django's own {% querystring page=None %}.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.urls import resolve
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from authsec.web import chains, charts, clock, icons, states, tracks
from authsec.web.access import mark_of
from authsec.web.kept import kept

register = template.Library()

DOT = mark_safe('<span class="pill-dot"></span>')
UNMET = "not met"


@register.simple_tag
def icon(name: str, size: int = 16, classes: str = "") -> SafeString:
    """Inline SVG of a Lucide icon."""
    return icons.render(str(name), size, classes)


@register.simple_tag
@kept
def pill(state: object, text: str = "", icon: str | None = None, quiet: bool = False) -> SafeString:
    """State of a thing; state is a key of web/states.py or an enum with such a value."""
    known = states.state_of(state)
    name = known.icon if icon is None else icon
    # in a list only the normal is quiet: an exception keeps its wash
    hushed = quiet and known.tone in ("ok", "mute") and not known.icon
    mark = icons.render(name, 12) if name and not hushed else DOT
    return format_html(
        '<span class="pill {}{}">{}{}</span>',
        known.tone,
        " quiet" if hushed else "",
        mark,
        text or known.word,
    )


@register.simple_tag
@kept
def badge(kind: str, text: str = "", met: bool | str = True) -> SafeString:
    """Fact about a thing; a condition that is not met turns amber and says so to screen readers.

    ``met``: True, False, or a word: "met" is True, any other says what is the matter ("missing context").
    """
    name, condition = states.BADGES.get(kind, ("", False))
    word = "" if met is True or met == "met" else met or UNMET
    classes = ("condition" if condition else "") + (" unmet" if word else "")
    mark = icons.render(name, 12) if name else ""
    unmet = format_html('<span class="sr-only">, {}</span>', word) if word else ""
    return format_html(
        '<span class="badge {}">{}{}{}</span>',
        classes,
        mark,
        text or states.BADGE_WORDS.get(kind, kind),
        unmet,
    )


@register.simple_tag
def badges(facts: Iterable[tuple[str, str, bool | str]]) -> SafeString:
    """Several badges: kind, text, met."""
    return format_html_join("", "{}", ((badge(*fact),) for fact in facts))


@register.simple_tag
@kept
def risk(level: str) -> SafeString:
    """How much a scope can do; the red triangle from "high" up."""
    mark = icons.render("triangle-alert", 12) if level in ("high", "critical") else ""
    return format_html('<span class="risk {}">{}{}</span>', level, mark, states.RISKS.get(level, level))


@register.filter
def opens_for(url: str, request: Any) -> bool:
    """Whether a page of ours opens for who looks, as far as its mark tells: nobody is led to a 403."""
    mark = mark_of(resolve(urlsplit(url).path).func)
    decision = getattr(request, "decision", None)
    return not (mark and mark.action and decision) or mark.action in decision.can


@register.simple_tag
def copy(text: object, label: str = "Copy") -> SafeString:
    """Button that copies text; label is what a screen reader hears. Drawn here: a list has one for each row."""
    return format_html(
        '<button type="button" class="copy js-only" data-copy="{0}" aria-label="{1}" title="{1}">{2}{3}</button>',
        text,
        label,
        icons.render("copy"),
        icons.render("check", 16, "done"),
    )


@register.simple_tag
def ident(value: uuid.UUID | str | None, full: bool = False, label: str = "Copy id") -> SafeString:
    """An id, shortened to its ends unless full, copied whole."""
    text = str(value or "")
    short = text if full or len(text) <= 16 else f"{text[:8]}…{text[-4:]}"
    return format_html(
        '<span class="ident{}"><span title="{}">{}</span>{}</span>',
        " full" if full else "",
        text,
        short,
        copy(text, label),
    )


@register.simple_tag
def when(moment: dt.datetime | None, style: str = "relative", empty: str = "never") -> SafeString:
    """<time>; style is relative, date or full. app.js localises text and title."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', empty)
    text = {"relative": clock.relative, "date": clock.date, "full": clock.full}[style](moment)
    return format_html(
        '<time datetime="{}" title="{}" data-when="{}">{}</time>',
        moment.isoformat(),
        clock.full(moment),
        style,
        text,
    )


@register.simple_tag
def avatar(name: object, classes: str = "", picture: str = "") -> SafeString:
    """Initials, or the picture at a path of ours; hidden from screen readers, since the name stands beside it."""
    if picture:
        return format_html('<img class="avatar picture {}" src="{}" alt="">', classes, picture)
    parts = [
        part
        for part in str(name or "").replace("@", " ").replace("-", " ").replace(".", " ").split()
        if part[0].isalnum()
    ]
    initials = (parts[0][0] + parts[1][0] if len(parts) > 1 else (parts[0][:2] if parts else "?")).upper()
    return format_html('<span class="avatar {}" aria-hidden="true">{}</span>', classes, initials)


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    label: str = "",
    hint: str = "",
    note: str = "",
    icon: str = "",
    look: str = "",
    corner: str = "",
    corner_url: str = "",
) -> dict[str, Any]:
    """One form field with label, control, hint and errors, wired for screen readers."""
    widget, html_id = bound.field.widget, bound.auto_id or bound.html_name
    hint = hint or str(bound.help_text)
    options = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    described = " ".join(
        name for name, present in ((f"{html_id}_hint", hint), (f"{html_id}_error", bound.errors)) if present
    )
    attrs: dict[str, Any] = {"aria-describedby": described} if described and not options else {}
    if bound.errors and not options:
        attrs["aria-invalid"] = "true"
    single = isinstance(widget, CheckboxInput)
    if not (single or options):
        attrs["class"] = f"input {widget.attrs.get('class', '')}".strip()
    return {
        "bound": bound,
        "label": label or bound.label,
        "hint": hint,
        "note": note,
        "icon": icon,
        "corner": corner,
        "corner_url": corner_url,
        "control": "" if options else bound.as_widget(attrs=attrs),
        "html_id": html_id,
        "described": described,
        "kind": look or "options" if options else "check" if single else "input",
        "reveal": getattr(widget, "input_type", "") == "password",
        "hidden": bound.is_hidden,
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm, request_id: str = "") -> dict[str, Any]:
    """Errors that belong to no field, and the hidden fields' own."""
    errors = list(form.non_field_errors())
    for hidden in form.hidden_fields():
        errors += [f"{hidden.label}: {error}" for error in hidden.errors]
    return {"errors": errors, "request_id": request_id}


@register.inclusion_tag("components/track.html")
def track(
    entitled: str,
    supported: str,
    requested: str,
    state: str = "",
    text: str = "",
    reason: str = "",
    removed_by: str = "",
) -> dict[str, Any]:
    """The track on a line of its own; in a table use components/track_row.html."""
    return {
        "nodes": tracks.nodes((entitled, supported, requested)),
        "state": state,
        "text": text,
        "reason": reason,
        "removed_by": removed_by,
    }


@register.simple_tag
def track_cells(row: Mapping[str, Any]) -> SafeString:
    """The three cells of a row with entitled, supported, requested and optional *_word."""
    names = [name for name, _label in tracks.TERMS]
    return tracks.cells(*(row[name] for name in names), *(row.get(f"{name}_word", "") for name in names))


@register.simple_tag
def verdict(row: Mapping[str, Any]) -> SafeString:
    """The last cell of a row with state, optional state_text, removed_by, reason: what comes of the scope, and why."""
    term, why = row.get("removed_by"), row.get("reason", "")
    gone = format_html("{} <b>{}</b>{}", _("removed by"), term, "; " if why else "") if term else ""
    mark = "check" if row["state"] == "active" else None
    said = pill(row["state"], row.get("state_text", ""), mark)
    return format_html('<div class="granted">{}<span class="reason">{}{}</span></div>', said, gone, why)


@register.simple_tag
def chain(path: Mapping[str, Any]) -> SafeString:
    """One path: {state, state_text, reason, links: [{kind, icon, name, note, url}]}."""
    return format_html(
        '<div class="path"><p>{}<span>{}</span></p>{}</div>',
        pill(path["state"], path.get("state_text", "")),
        path["reason"],
        chains.links(path),
    )


@register.inclusion_tag("components/chart.html")
def chart(
    kind: str, values: Sequence[Any], label: str = "", start: str = "", end: str = "today"
) -> dict[str, Any]:
    """A small chart drawn on the server; prints its own range, starts at 0."""
    drawn: dict[str, Any] = {"kind": kind, "label": label, "start": start, "end": end}
    if kind == "split":
        return drawn | {"parts": charts.split(values)}
    drawn |= {"range": f"{max([*values, 0]):,}", "last": f"{values[-1]:,}" if values else "0"}
    return drawn | ({"bars": charts.bars(values)} if kind == "bars" else {"points": charts.line(values)})
