"""Who may call a tool."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from authz.forms.refusal import VerbForm
from authz.models import Scope, Tool, ToolRule

SCOPES, PUBLIC, NOBODY = "scopes", "public", "nobody"


class ToolForm(VerbForm):
    """Nothing is chosen for a tool that nobody decided about: what its server suggests is said, never ticked."""

    who = forms.ChoiceField(
        label=_("Who may call it"),
        choices=[
            (SCOPES, _("Whoever has one of these scopes")),
            (PUBLIC, _("Everybody with a token for this Application")),
            (NOBODY, _("Nobody")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )
    shown_at = {"required_scopes": "scopes", "is_public": "who", "tool_name": "who"}

    def __init__(self, data: Any, *, tool: Tool, rule: ToolRule | None, scopes: Sequence[Scope]) -> None:
        initial: dict[str, Any] = {}
        if rule:
            who = PUBLIC if rule.is_public else SCOPES if rule.required_scopes else NOBODY
            initial = {"who": who, "scopes": rule.required_scopes}
        super().__init__(data, initial=initial)
        self.fields["scopes"].choices = [(scope.name, _described(scope, tool)) for scope in scopes]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Scopes are chosen where they are asked for, and count nowhere else."""
        data = super().clean() or self.cleaned_data
        if data.get("who") == SCOPES and not data.get("scopes") and not self.errors.get("scopes"):
            self.add_error("scopes", gettext("Choose at least one scope."))
        return data

    def decision(self) -> dict[str, Any]:
        """What the verb is told."""
        who = self.cleaned_data["who"]
        return {
            "is_public": who == PUBLIC,
            "required_scopes": self.cleaned_data["scopes"] if who == SCOPES else [],
        }


class AcceptForm(VerbForm):
    """Consent to what was shown, by its generation."""

    generation = forms.IntegerField(min_value=0, max_value=2**62, widget=forms.HiddenInput)


def _described(scope: Scope, tool: Tool) -> SafeString:
    suggested = gettext("suggested by the server") if scope.name in tool.suggested_scopes else ""
    words = " · ".join(filter(None, [scope.description, suggested]))
    return format_html('<code>{}</code> <span class="secondary">{}</span>', scope.name, words)
