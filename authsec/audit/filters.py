"""The audit log's filters: read from the address, shown as chips."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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
class Chip:
    """An active filter: its sentence, and the address of the log without it."""

    label: object
    value: object
    url: str


@dataclass(frozen=True)
class Chosen:
    """What the address asks for."""

    form: FilterForm
    chips: list[Chip]
    cursor: str

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """The events that fit every filter."""
        value = self.form.cleaned_data
        if value["action"]:
            events = events.filter(action=value["action"])
        if value["actor"]:
            events = events.filter(_named("actor", value["actor"]))
        if value["target"]:
            events = events.filter(_named("target", value["target"]))
        if value["since"]:
            events = events.filter(at__gte=_midnight(value["since"]))
        if value["until"]:
            events = events.filter(at__lt=_midnight(value["until"]) + timedelta(days=1))
        return events


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
    return Chosen(form, chips, data.get("cursor", ""))


def _named(side: str, text: str) -> Q:
    try:
        return Q(**{f"{side}_id": UUID(text)})
    except ValueError:
        return Q(**{f"{side}_name__icontains": text})


def _midnight(day: date) -> datetime:
    # Days at the ends of the calendar have no neighbour to compare with.
    day = min(max(day, date(1970, 1, 1)), date(9000, 1, 1))
    return datetime.combine(day, time(), UTC)


def _without(data: QueryDict, name: str) -> str:
    query = QueryDict(mutable=True)
    query.update({key: str(value) for key, value in data.items() if value and key not in (name, "cursor")})
    return f"?{query.urlencode()}"
