"""The list's filters: read from the address, shown as chips, refused with a reason when they are nonsense."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from endusers.models import EndUser
from endusers.queries import SORTS, Choice, Filters

ANY = ("", _("Any"))
# Key in the address → what the chip says, days back, and whether the range is the time before or since.
SEEN = {
    "1d": (_("within 24 hours"), 1, False),
    "7d": (_("within 7 days"), 7, False),
    "30d": (_("within 30 days"), 30, False),
    "idle30d": (_("over 30 days ago"), 30, True),
}
CONSENT = {
    "1d": (_("within 24 hours"), 1, False),
    "7d": (_("within 7 days"), 7, False),
    "30d": (_("within 30 days"), 30, False),
    "before90d": (_("over 90 days ago"), 90, True),
}
CHIPS = {
    "status": _("Status is"),
    "plan_tier": _("Plan tier is"),
    "application": _("Application is"),
    "seen": _("Last seen"),
    "first_consent": _("First consent"),
}
VIEWS: tuple[tuple[object, dict[str, str | None]], ...] = (
    (_("All"), {}),
    (_("Seen this week"), {"seen": "7d"}),
    (_("New this week"), {"first_consent": "7d"}),
    (_("Suspended"), {"status": "suspended"}),
)


class BadFilter(BadRequest):
    """A filter in the address that the list does not have. Answered with 400 and the reason."""


class FilterForm(forms.Form):
    """The filters as a form; every field may be missing."""

    q = forms.CharField(required=False, max_length=200, label=_("Search end users"))
    status = forms.ChoiceField(required=False, label=_("Status"), choices=[ANY, *EndUser.Status.choices])
    plan_tier = forms.ChoiceField(required=False, label=_("Plan tier"))
    application = forms.ChoiceField(required=False, label=_("Application"))
    seen = forms.ChoiceField(
        required=False, label=_("Last seen"), choices=[ANY, *((key, row[0]) for key, row in SEEN.items())]
    )
    first_consent = forms.ChoiceField(
        required=False,
        label=_("First consent"),
        choices=[ANY, *((key, row[0]) for key, row in CONSENT.items())],
    )
    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in ("", *SORTS)])

    def __init__(self, data: QueryDict, offered: Sequence[Choice]) -> None:
        super().__init__(data)
        for name, kind in (("plan_tier", "tier"), ("application", "application")):
            self.fields[name].choices = [  # type: ignore[attr-defined]
                ANY,
                *((choice.key, choice.name) for choice in offered if choice.kind == kind),
            ]


@dataclass(frozen=True)
class Chip:
    """An active filter: its sentence, and the address of the list without it."""

    label: object
    value: object
    url: str


@dataclass(frozen=True)
class Chosen:
    """What the address asks for: ``filters`` and ``sort`` for the query, ``form`` and ``chips`` for the page."""

    filters: Filters
    sort: str
    cursor: str
    form: FilterForm
    chips: list[Chip]

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
    seen_from, seen_to = _range(SEEN, value["seen"], now)
    consent_from, consent_to = _range(CONSENT, value["first_consent"], now)
    filters = Filters(
        text=value["q"],
        status=value["status"] or None,
        plan_tier=value["plan_tier"] or None,
        application=UUID(value["application"]) if value["application"] else None,
        seen_from=seen_from,
        seen_to=seen_to,
        consent_from=consent_from,
        consent_to=consent_to,
    )
    return Chosen(filters, value["sort"] or SORTS[0], data.get("cursor", ""), form, _chips(form, data))


def address(data: QueryDict, **changes: str | None) -> str:
    """The query string with changes made to it (None takes a key out), back on the first page."""
    query = data.copy()
    for key, value in {"cursor": None, **changes}.items():
        query.pop(key, None)
        if value is not None:
            query[key] = value
    for key in [key for key, value in query.items() if value == ""]:
        del query[key]
    return f"?{query.urlencode()}"


def _range(
    rows: Mapping[str, tuple[object, int, bool]], key: str, now: datetime
) -> tuple[datetime | None, datetime | None]:
    if not key:
        return None, None
    _, days, before = rows[key]
    moment = now - timedelta(days=days)
    return (None, moment) if before else (moment, None)


def _chips(form: FilterForm, data: QueryDict) -> list[Chip]:
    return [
        Chip(label, dict(form.fields[name].choices)[form.cleaned_data[name]], address(data, **{name: None}))  # type: ignore[attr-defined]
        for name, label in CHIPS.items()
        if form.cleaned_data[name]
    ]


def views(data: QueryDict) -> list[dict[str, object]]:
    """The ready-made views as tabs; the one that the address shows is current. None matches a custom filter."""
    active = {key: data[key] for key in CHIPS if data.get(key)}
    return [
        {
            "label": label,
            "url": address(QueryDict(mutable=True), q=data.get("q") or None, **wanted),
            "current": active == wanted,
            "count": None,
        }
        for label, wanted in VIEWS
    ]
