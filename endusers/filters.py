"""The list's filters: read from the address, shown as chips, refused with a reason when they are nonsense."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from authsec.web import clock
from endusers.models import EndUser
from endusers.queries import ORDERS, SORTS, Choice, Filters

ANY = ("", _("Any"))
Presets = Mapping[str, tuple[Any, int, bool]]
# Key in the address → what the chip says, days back, and whether the range is the time before or since.
SEEN: Presets = {
    "1d": (_("within 24 hours"), 1, False),
    "7d": (_("within 7 days"), 7, False),
    "30d": (_("within 30 days"), 30, False),
    "idle30d": (_("over 30 days ago"), 30, True),
    "idle90d": (_("over 90 days ago"), 90, True),
}
CONSENT: Presets = {
    "1d": (_("within 24 hours"), 1, False),
    "7d": (_("within 7 days"), 7, False),
    "30d": (_("within 30 days"), 30, False),
    "before90d": (_("over 90 days ago"), 90, True),
    "before1y": (_("over a year ago"), 365, True),
}
CHOICES = {
    "status": _("Status is"),
    "plan_tier": _("Plan tier is"),
    "application": _("Application is"),
    "client": _("OAuth client is"),
}
# A range is a preset, or days of one's own: the field, the fields of its first and last day, presets, what a chip says.
RANGES: tuple[tuple[str, str, str, Presets, Any], ...] = (
    ("seen", "seen_from", "seen_to", SEEN, _("Last seen")),
    ("first_consent", "consent_from", "consent_to", CONSENT, _("First consent")),
)
NAMES = ("q", *CHOICES, *(name for row in RANGES for name in row[:3]))
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class BadFilter(BadRequest):
    """A filter in the address that the list does not have. Answered with 400 and the reason."""


def _presets(label: Any, presets: Presets) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, label=label, choices=[ANY, *((key, row[0]) for key, row in presets.items())]
    )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        required=False,
        label=label,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date", "min": EARLIEST, "max": LATEST}, format="%Y-%m-%d"),
    )


class FilterForm(forms.Form):
    """The filters as a form; every field may be missing. Days are whole ones, in UTC, the last one included."""

    q = forms.CharField(required=False, max_length=200, label=_("Search end users"))
    status = forms.ChoiceField(required=False, label=_("Status"), choices=[ANY, *EndUser.Status.choices])
    plan_tier = forms.ChoiceField(required=False, label=_("Plan tier"))
    application = forms.ChoiceField(required=False, label=_("Application"))
    client = forms.ChoiceField(required=False, label=_("OAuth client"))
    seen = _presets(_("Last seen"), SEEN)
    seen_from = _day(_("from"))
    seen_to = _day(_("to"))
    first_consent = _presets(_("First consent"), CONSENT)
    consent_from = _day(_("from"))
    consent_to = _day(_("to"))
    sort = forms.ChoiceField(
        required=False,
        label=_("Sort by"),
        choices=[("", _("Last seen")), ("first_consent", _("First consent"))],
    )
    order = forms.ChoiceField(
        required=False, label=_("Order"), choices=[("", _("Newest first")), ("asc", _("Oldest first"))]
    )

    def __init__(self, data: QueryDict, offered: Sequence[Choice]) -> None:
        data = data.copy()
        for preset, first, last, *_rest in RANGES:  # days of one's own count instead of a preset
            if data.get(first) or data.get(last):
                data.pop(preset, None)
        for name, usual in (("sort", SORTS[0]), ("order", ORDERS[0])):
            if data.get(name) == usual:
                data[name] = ""
        super().__init__(data)
        for name, kind in (("plan_tier", "tier"), ("application", "application"), ("client", "client")):
            self.fields[name].choices = [  # type: ignore[attr-defined]
                ANY,
                *((choice.key, choice.name) for choice in offered if choice.kind == kind),
                # Offered to nobody any more, but a view that was kept goes on working.
                *(
                    (choice.key, choice.name)
                    for choice in offered
                    if choice.kind == f"former {kind}" and choice.key == data.get(name)
                ),
            ]

    def clean(self) -> dict[str, Any]:
        """Days that a database and a calendar know, the first one first."""
        value: dict[str, Any] = super().clean() or self.cleaned_data
        for _preset, first, last, *_rest in RANGES:
            days = [day for day in (value.get(first), value.get(last)) if day]
            if not all(EARLIEST <= day <= LATEST for day in days):
                self.add_error(first, _("A day from the year 2000 to 2999."))
            elif days != sorted(days):
                self.add_error(first, _("The first day is after the last one."))
        return value


@dataclass(frozen=True)
class Chip:
    """An active filter: its sentence, and the address of the list without it."""

    label: object
    value: object
    url: str


@dataclass(frozen=True)
class Chosen:
    """What the address asks for: ``filters``, ``sort`` and ``order`` for the query, ``form`` and ``chips`` for the
    page. ``kept`` are the filters as pairs for another form or address.
    """

    filters: Filters
    sort: str
    order: str
    cursor: str
    form: FilterForm
    chips: list[Chip]
    kept: list[tuple[str, str]]

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered or searched."""
        return bool(self.chips or self.filters.text)


def read(data: QueryDict, offered: Sequence[Choice], now: datetime) -> Chosen:
    """Read the filters of an address. Raises BadFilter."""
    form = FilterForm(data, offered)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise BadFilter(f"{field}: {errors[0]}")
    value = form.cleaned_data
    seen, consent = (_range(value, row, now) for row in RANGES)
    filters = Filters(
        text=value["q"],
        status=value["status"] or None,
        plan_tier=value["plan_tier"] or None,
        application=UUID(value["application"]) if value["application"] else None,
        client=UUID(value["client"]) if value["client"] else None,
        seen_from=seen[0],
        seen_to=seen[1],
        consent_from=consent[0],
        consent_to=consent[1],
    )
    return Chosen(
        filters,
        value["sort"] or SORTS[0],
        value["order"] or ORDERS[0],
        data.get("cursor", ""),
        form,
        _chips(form, data),
        [(name, form.data[name]) for name in NAMES if form.data.get(name)],
    )


def address(data: QueryDict, *without: str, **changes: str | None) -> str:
    """The query string with changes made to it (None takes a key out), back on the first page and nobody chosen."""
    query = data.copy()
    for key, value in {"cursor": None, "select": None, **dict.fromkeys(without), **changes}.items():
        query.pop(key, None)
        if value is not None:
            query[key] = value
    for key in [key for key, value in query.items() if value == ""]:
        del query[key]
    return f"?{query.urlencode()}"


def _range(
    value: Mapping[str, Any], row: tuple[str, str, str, Presets, Any], now: datetime
) -> tuple[datetime | None, datetime | None]:
    preset, first, last, presets, _label = row
    if value[first] or value[last]:
        return _midnight(value[first]), _midnight(value[last] and value[last] + timedelta(days=1))
    if not value[preset]:
        return None, None
    _words, days, before = presets[value[preset]]
    moment = now - timedelta(days=days)
    return (None, moment) if before else (moment, None)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _chips(form: FilterForm, data: QueryDict) -> list[Chip]:
    value = form.cleaned_data
    found = [
        Chip(label, dict(form.fields[name].choices)[value[name]], address(data, name))  # type: ignore[attr-defined]
        for name, label in CHOICES.items()
        if value[name]
    ]
    for preset, first, last, presets, label in RANGES:
        said: Iterable[Any] = (
            [presets[value[preset]][0]] if value[preset] else _days(value[first], value[last])
        )
        found += [Chip(label, words, address(data, preset, first, last)) for words in said]
    return found


def _days(first: date | None, last: date | None) -> list[str]:
    """A range of days in words, as a list of one; of none without a day."""
    if first == last and first:
        return [f"on {_said(first)}"]
    words = [f"from {_said(first)}"] if first else []
    words += [f"to {_said(last)}"] if last else []
    return [" ".join(words)] if words else []


def _said(day: date) -> str:
    return clock.date(datetime.combine(day, time(), UTC))
