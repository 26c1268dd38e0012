"""Creating and changing a role: scopes by name, tenant groups and console permissions from their lists."""

import re
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from authz.cedar import engine
from authz.forms.refusal import VerbForm


def _term(name: str, words: str) -> SafeString:
    """A choice whose name is code, and what it means beneath."""
    return format_html('<code>{}</code><span class="field-hint">{}</span>', name, words)


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
        help_text=_("Names that no Application has yet, separated by spaces."),
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
            (name, _term(name, _("on %s") % places)) for name, places in known.items()
        ]
        self.fields["tenant_groups"].choices = [  # type: ignore[attr-defined]
            (name, _term(name, words)) for name, words in engine.tenant_groups().items()
        ]
        self.fields["console_permissions"].choices = [  # type: ignore[attr-defined]
            (name, _term(name, words)) for name, words in engine.actions().items()
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
