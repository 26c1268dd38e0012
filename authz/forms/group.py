"""Making a group and filling it."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz.fates import read_list
from authz.forms.refusal import VerbForm
from authz.group_members import MAX_AT_ONCE


class GroupForm(VerbForm):
    """A group's words. Service accounts use the same two."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("What it is for"), max_length=300, required=False, help_text=_("Shown to operators only.")
    )


class PastedForm(VerbForm):
    """People as somebody pastes them from a mail or a sheet, or picks them from a list: judged line by line."""

    people = forms.CharField(
        label=_("E-mail addresses or user ids"),
        max_length=60_000,
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": "alice@example.com\nBob Reed <bob@example.com>"}
        ),
        help_text=_(
            "One a line, or separated by commas; names beside them are fine. At most %(most)s at once."
        )
        % {"most": MAX_AT_ONCE},
    )
    user = forms.TypedMultipleChoiceField(required=False, coerce=UUID, widget=forms.MultipleHiddenInput)
    power_at = "people"
    shown_at = {"user_ids": "people", "emails": "people", "user_id": "people"}

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["user"].valid_value = _looks_like_an_id  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the entries, typed ones first."""
        data = super().clean() or self.cleaned_data
        typed = read_list(data.get("people") or "")
        data["entries"] = [*typed, *(str(key) for key in data.get("user") or [])]
        if not data["entries"] and not self.errors:
            self.add_error("people", _("Name at least one person."))
        return data


class PeopleForm(VerbForm):
    """People by e-mail or user id, as many as fit."""

    people = forms.CharField(
        label=_("Add people"),
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("E-mail addresses or user ids, separated by blanks, commas or lines."),
    )
    power_at = "people"
    shown_at = {"user_ids": "people", "emails": "people", "user_id": "people"}

    def clean(self) -> dict[str, Any]:
        """Sort what was typed into ids and addresses."""
        data = super().clean() or self.cleaned_data
        data["user_ids"], data["emails"] = [], []
        for word in filter(None, re.split(r"[\s,;]+", data.get("people") or "")):
            try:
                data["user_ids"].append(UUID(word))
            except ValueError:
                data["emails"].append(word)
        return data


def _looks_like_an_id(value: Any) -> bool:
    """The verb looks people up; here only what is no id at all is refused."""
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
