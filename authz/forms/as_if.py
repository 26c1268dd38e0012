"""The strip "answered as if": with which second factor, from where, at what moment, and what a client asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authsec.web.parameters import EARLIEST_YEAR, LATEST_YEAR, parse_uuid
from authz.effective.horizon import BeforeHistory, check_moment

A_DAY_H, MOST_HOURS = 24, 24 * 365
MAX_REQUESTED, MAX_ASKED = 4_000, 50


def _is_kept(moment: datetime) -> None:
    try:
        check_moment(moment, timezone.now())
    except BeforeHistory as error:
        raise ValidationError(str(error)) from error


class MomentField(forms.Field):
    """A moment as a browser's date field sends it, in UTC, or with its zone (RFC 3339)."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "any", "class": "input small"})

    def to_python(self, value: Any) -> datetime | None:
        """The moment in UTC, None when nothing is given."""
        if not value:
            return None
        try:
            # A plus sign that nobody encoded arrives as a blank.
            moment = datetime.fromisoformat(str(value)[:40].strip().replace(" ", "+"))
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("A time as in 2026-12-01T09:00, in UTC.")) from error
        if not EARLIEST_YEAR < moment.year < LATEST_YEAR:
            raise ValidationError(_("A year between %d and %d.") % (EARLIEST_YEAR, LATEST_YEAR))
        return moment

    def prepare_value(self, value: Any) -> Any:
        """What was given, without its zone: the only form that a browser's date field shows."""
        try:
            moment = self.to_python(value)
        except ValidationError:
            return value
        return moment and moment.replace(tzinfo=None, microsecond=0).isoformat(
            timespec="auto" if moment.second else "minutes"
        )


class AsIfForm(forms.Form):
    """All fields may be absent: no second factor, no known address, now, everything asked for."""

    mfa = forms.ChoiceField(
        label=_("Second factor"),
        choices=[("fresh", _("fresh")), ("hours", _("h ago")), ("none", _("none"))],
        widget=forms.RadioSelect,
        required=False,
    )
    hours = forms.IntegerField(
        label=_("Hours since the second factor"),
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input small"}),
    )
    ip = forms.GenericIPAddressField(
        label=_("Address"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("not known"), "size": 13, "class": "input small"}),
    )
    at = MomentField(label=_("At"), required=False, validators=[_is_kept])
    compare = MomentField(label=_("Compare with"), required=False, validators=[_is_kept])
    requested = forms.CharField(
        label=_("Asked for"),
        required=False,
        max_length=MAX_REQUESTED,
        widget=forms.TextInput(attrs={"placeholder": _("everything"), "class": "input small"}),
    )
    application = forms.UUIDField(label=_("Application"), required=False)

    def __init__(self, query: Any) -> None:
        data = query.copy()
        data["mfa"] = query.get("mfa") or "none"
        data["hours"] = query.get("hours") or A_DAY_H
        self.choices_made = query.getlist("asked") if hasattr(query, "getlist") else []
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        """Reads ``asked`` too: an Application's id and the scopes that a client asked for there, once for each."""
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            cleaned["asked"] = dict(_asked(text) for text in self.choices_made[:MAX_ASKED] if text.strip())
        except ValueError:
            self.add_error(None, _("asked: an Application’s id and scopes, with blanks between."))
        return cleaned

    def context(self, now: datetime, *, at: datetime | None = None) -> dict[str, Any]:
        """What a valid form says to ``explain`` (authz.effective), about another moment when ``at`` is given."""
        given = self.cleaned_data
        at = at or given["at"] or now
        ages = {"fresh": timedelta(0), "hours": timedelta(hours=given["hours"] or A_DAY_H)}
        age = ages.get(given["mfa"])
        return {
            "at": at,
            "mfa_at": None if age is None else at - age,
            "ip": given["ip"] or None,
            "requested": frozenset(given["requested"].split()) or None,
            "asked": given["asked"],
            "application_id": given["application"],
        }


def _asked(text: str) -> tuple[UUID, frozenset[str]]:
    application, *scopes = text[:MAX_REQUESTED].replace("\x00", "").split()
    return parse_uuid(application), frozenset(scopes)
