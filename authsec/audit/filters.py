"""The audit log's filters: read from the address, shown as chips, kept with an export."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from authsec.audit.catalog import CATALOG
from authsec.audit.models import Event

CHIPS = {
    "action": _("Action is"),
    "actor": _("Done by"),
    "target": _("Done to"),
    "since": _("From"),
    "until": _("Until"),
}


class BadFilter(BadRequest):
    """A filter in the address that the log does not have. Answered with 400 and the reason."""


class DayField(forms.DateField):
    """A day in UTC, as ISO 8601 and date pickers write it."""

    widget = forms.DateInput(attrs={"type": "date"})
    input_formats = ["%Y-%m-%d"]


class FilterForm(forms.Form):
    """The filters as a form; every field may be missing."""

    action = forms.ChoiceField(
        required=False,
        label=_("Action"),
        choices=[("", _("Any")), *((key, entry.title) for key, entry in CATALOG.items())],
    )
    actor = forms.CharField(required=False, max_length=200, label=_("Done by"), help_text=_("Name or id"))
    target = forms.CharField(required=False, max_length=200, label=_("Done to"), help_text=_("Name or id"))
    since = DayField(required=False, label=_("From"))
    until = DayField(required=False, label=_("Until"))


@dataclass(frozen=True)
class Filter:
    """Which events. ``actor`` and ``target`` are ids or parts of names; ``until`` is the first moment left out."""

    action: str = ""
    actor: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """The events that fit every filter."""
        if self.action:
            events = events.filter(action=self.action)
        if self.actor:
            events = events.filter(_named("actor", self.actor))
        if self.target:
            events = events.filter(_named("target", self.target))
        if self.since:
            events = events.filter(at__gte=self.since)
        if self.until:
            events = events.filter(at__lt=self.until)
        return events

    def to_json(self) -> dict[str, str]:
        """The filters that are set, as JSON values."""
        texts = {"action": self.action, "actor": self.actor, "target": self.target}
        moments = {"since": self.since, "until": self.until}
        return {name: text for name, text in texts.items() if text} | {
            name: moment.isoformat() for name, moment in moments.items() if moment
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Filter":
        """The filter that :meth:`to_json` kept."""
        moments: dict[str, Any] = {
            name: datetime.fromisoformat(kept[name]) for name in ("since", "until") if name in kept
        }
        return cls(**kept | moments)

    def words(self) -> list[tuple[str, str]]:
        """Each filter as label and value, for people."""
        return [
            (str(CHIPS[name]), CATALOG[value].title if name == "action" and value in CATALOG else value)
            for name, value in self.to_json().items()
        ]


@dataclass(frozen=True)
class Chip:
    """An active filter: its sentence, and the address of the log without it."""

    label: object
    value: object
    url: str


@dataclass(frozen=True)
class Chosen:
    """What the address asks for. ``query`` holds the filters alone, without the page."""

    form: FilterForm
    chips: list[Chip]
    cursor: str
    query: str

    @property
    def filter(self) -> Filter:
        """The filter that the form describes: days begin and end at midnight UTC, the last one counts whole."""
        value = self.form.cleaned_data
        return Filter(
            value["action"],
            value["actor"],
            value["target"],
            _midnight(value["since"]) if value["since"] else None,
            _midnight(value["until"]) + timedelta(days=1) if value["until"] else None,
        )

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """The events that fit every filter."""
        return self.filter.narrow(events)


def read(data: QueryDict) -> Chosen:
    """Read the filters of an address. Raises BadFilter."""
    form = FilterForm(data)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise BadFilter(f"{field}: {errors[0]}")
    chips = [
        Chip(label, CATALOG[value].title if name == "action" else value, _without(data, name))
        for name, label in CHIPS.items()
        if (value := form.cleaned_data[name])
    ]
    return Chosen(form, chips, data.get("cursor", ""), _query(data))


def _named(side: str, text: str) -> Q:
    try:
        return Q(**{f"{side}_id": UUID(text)})
    except ValueError:
        return Q(**{f"{side}_name__icontains": text})


def _midnight(day: date) -> datetime:
    # Days at the ends of the calendar have no neighbour to compare with.
    day = min(max(day, date(1970, 1, 1)), date(9000, 1, 1))
    return datetime.combine(day, time(), UTC)


def _query(data: QueryDict, leave_out: str = "") -> str:
    query = QueryDict(mutable=True)
    query.update({key: str(data[key]) for key in CHIPS if data.get(key) and key != leave_out})
    return query.urlencode()


def _without(data: QueryDict, name: str) -> str:
    return f"?{_query(data, leave_out=name)}"
