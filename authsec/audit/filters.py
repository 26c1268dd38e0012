"""The audit log's filters: read from the address, shown as chips, kept with an export."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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


ANY_OF = ".*"  # behind a noun: every action of it


def actions_of(noun: str) -> list[str]:
    """The actions of the catalog about a noun such as end_user."""
    return [action for action in CATALOG if action.startswith(f"{noun}.")]


def action_title(action: str) -> str:
    """An action, or every action of a noun, in words."""
    if action.endswith(ANY_OF):
        return f"Anything: {action.removesuffix(ANY_OF).replace('_', ' ')}"
    return CATALOG[action].title if action in CATALOG else action


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The catalog as groups of a select, one a noun."""
    nouns = dict.fromkeys(action.partition(".")[0] for action in CATALOG)
    return [
        (
            noun.replace("_", " ").capitalize(),
            [
                (noun + ANY_OF, action_title(noun + ANY_OF)),
                *((action, CATALOG[action].title) for action in actions_of(noun)),
            ],
        )
        for noun in nouns
    ]


class FilterForm(forms.Form):
    """The filters as a form; every field may be missing."""

    action = forms.ChoiceField(required=False, label=_("Action"), choices=[("", _("Any")), *_choices()])
    actor = forms.CharField(required=False, max_length=200, label=_("Done by"), help_text=_("Name or id"))
    target = forms.CharField(required=False, max_length=200, label=_("Done to"), help_text=_("Name or id"))
    since = DayField(required=False, label=_("From"), help_text=_("A day in UTC"))
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
        if self.action.endswith(ANY_OF):
            events = events.filter(action__in=actions_of(self.action.removesuffix(ANY_OF)))
        elif self.action:
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
        said = [
            (CHIPS["action"], action_title(self.action)),
            (CHIPS["actor"], self.actor),
            (CHIPS["target"], self.target),
        ]
        moments = []
        if self.since:
            moments.append((CHIPS["since"], _moment(self.since)))
        if self.until and self.until.time() == time():  # the page's days: the last one counts whole
            moments.append((CHIPS["until"], _moment(self.until - timedelta(days=1))))
        elif self.until:
            moments.append((_("Before"), _moment(self.until)))
        return [(str(label), value) for label, value in (*said, *moments) if value]


@dataclass(frozen=True)
class Chip:
    """An active filter: its sentence, and the address of the log without it. ``name`` is the filter's."""

    label: object
    value: object
    url: str
    name: str


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

    def chips_for(self, shown: Sequence[Event]) -> list[Chip]:
        """The chips, with a name in place of an id where the events that fit know it."""
        return [_named_chip(chip, shown[0]) if shown else chip for chip in self.chips]


def read(data: QueryDict) -> Chosen:
    """Read the filters of an address. Raises BadFilter."""
    form = FilterForm(data)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise BadFilter(f"{field}: {errors[0]}")
    chips = [
        Chip(label, action_title(value) if name == "action" else value, _without(data, name), name)
        for name, label in CHIPS.items()
        if (value := form.cleaned_data[name])
    ]
    return Chosen(form, chips, data.get("cursor", ""), _query(data))


def _named(side: str, text: str) -> Q:
    try:
        meant = UUID(text)
    except ValueError:
        return Q(**{f"{side}_name__icontains": text})
    # What is done to a group by adding somebody is done to them as well.
    return Q(actor_id=meant) if side == "actor" else Q(target_id=meant) | Q(about_id=meant)


def _named_chip(chip: Chip, event: Event) -> Chip:
    if chip.name in ("actor", "target") and str(chip.value) == str(getattr(event, f"{chip.name}_id")):
        return replace(chip, value=getattr(event, f"{chip.name}_name") or chip.value)
    return chip


def _moment(moment: datetime) -> str:
    """A moment for people, in UTC; midnight is a day."""
    moment = moment.astimezone(UTC)
    return f"{moment:%-d %b %Y}" if moment.time() == time() else f"{moment:%-d %b %Y, %H:%M} UTC"


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
