"""Creating and changing a role: scopes by name, tenant groups and console permissions from their lists."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from authz.cedar import engine
from authz.forms.refusal import VerbForm


class RoleForm(VerbForm):
    """A role's words and what it gives."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("What it is for"), max_length=300, required=False)
    known_scopes = forms.MultipleChoiceField(
        label=_("Scopes"), required=False, widget=forms.CheckboxSelectMultiple
    )
    other_scopes = forms.CharField(
        label=_("Other scopes"),
        required=False,
        max_length=4000,
        help_text=_("Names that no Application has yet, separated by blanks."),
    )
    tenant_groups = forms.MultipleChoiceField(
        label=_("Tenant groups"), required=False, widget=forms.CheckboxSelectMultiple
    )
    console_permissions = forms.MultipleChoiceField(
        label=_("Console permissions"), required=False, widget=forms.CheckboxSelectMultiple
    )
    shown_at = {"scopes": "other_scopes"}

    def __init__(self, *arguments: Any, known: dict[str, str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["known_scopes"].choices = [  # type: ignore[attr-defined]
            (name, f"{name} · {places}") for name, places in known.items()
        ]
        self.fields["tenant_groups"].choices = [  # type: ignore[attr-defined]
            (name, f"{name} · {words}") for name, words in engine.tenant_groups().items()
        ]
        self.fields["console_permissions"].choices = [  # type: ignore[attr-defined]
            (name, f"{name} · {words}") for name, words in engine.actions().items()
        ]

    def facts(self) -> dict[str, Any]:
        """The verb's arguments."""
        data = self.cleaned_data
        typed = [name for name in re.split(r"\s+", data["other_scopes"]) if name]
        return {
            "name": data["name"],
            "description": data["description"],
            "scopes": [*data["known_scopes"], *typed],
            "console_permissions": data["console_permissions"],
            "tenant_groups": data["tenant_groups"],
        }
