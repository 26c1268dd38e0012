"""Making a group, and filling it."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz.forms.refusal import VerbForm


class GroupForm(VerbForm):
    """A group's words. Service accounts use the same two."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("What it is for"), max_length=300, required=False, help_text=_("Shown to operators only.")
    )


class PeopleForm(VerbForm):
    """People by e-mail or user id, as many as fit."""

    people = forms.CharField(
        label=_("Add people"),
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("E-mail addresses or user ids, separated by blanks, commas or lines."),
    )
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
