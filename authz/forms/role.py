"""Creating and changing a role: scopes by name, tenant groups and console permissions from their lists."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from authz.cedar import engine
from authz.contents import Contents
from authz.effective.supported import Supported
from authz.forms.refusal import VerbForm

NOUNS = {"apps": _("Applications"), "endusers": _("End users"), "org": _("Organisation")}


@dataclass(frozen=True)
class Offered:
    """One thing that can be ticked. ``note``: where else it counts, or why it can't be given."""

    name: str
    words: str
    risk: str = ""
    note: str = ""
    checked: bool = False


def _term(name: str, words: str) -> SafeString:
    """A choice whose name is code, and what it means beneath."""
    return format_html('<code>{}</code><span class="field-hint">{}</span>', name, words)


class RoleForm(VerbForm):
    """A role's words and what it gives. ``holds``: the console permissions that who fills it in may give on."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("What it is for"), max_length=300, required=False)
    known_scopes = forms.MultipleChoiceField(label=_("Scopes"), required=False)
    other_scopes = forms.CharField(
        label=_("Other scopes"),
        required=False,
        max_length=4000,
        help_text=_("Names that no Application has yet, separated by spaces. They count once one has them."),
    )
    tenant_groups = forms.MultipleChoiceField(
        label=_("Tenant groups"), required=False, widget=forms.CheckboxSelectMultiple
    )
    console_permissions = forms.MultipleChoiceField(label=_("Console permissions"), required=False)
    shown_at = {"scopes": "other_scopes"}

    def __init__(
        self, *arguments: Any, supported: Mapping[UUID, Supported], holds: frozenset[str], **more: Any
    ) -> None:
        super().__init__(*arguments, **more)
        self.supported, self.holds = supported, holds
        names = {name for one in supported.values() for name in one.scopes}
        self._offer("known_scopes", {name: name for name in sorted(names)})
        self._offer("console_permissions", engine.actions())
        self._offer(
            "tenant_groups", {name: _term(name, words) for name, words in engine.tenant_groups().items()}
        )

    def _offer(self, field: str, choices: Mapping[str, str]) -> None:
        self.fields[field].choices = list(choices.items())  # type: ignore[attr-defined]

    @property
    def scopes_by_application(self) -> list[tuple[str, list[Offered]]]:
        """Each Application's scopes; a name that several have stands with the first and says where else it counts."""
        chosen, places = self._chosen("known_scopes"), self._places()
        shown: set[str] = set()
        found = []
        for one in self.supported.values():
            rows = [
                Offered(
                    scope.name,
                    scope.description,
                    scope.risk,
                    ", ".join(place for place in places[scope.name] if place != one.name),
                    scope.name in chosen,
                )
                for scope in one.scopes.values()
                if scope.name not in shown
            ]
            shown |= one.scopes.keys()
            if rows:
                found.append((one.name, rows))
        return found

    @property
    def permissions_by_noun(self) -> list[tuple[str, list[Offered]]]:
        """The console's actions, noun by noun, with what the actor can't give."""
        chosen = self._chosen("console_permissions")
        rows = [
            Offered(
                name,
                words,
                note="" if name in self.holds else str(_("you don’t hold it")),
                checked=name in chosen,
            )
            for name, words in engine.actions().items()
        ]
        return [
            (str(NOUNS.get(noun, noun.replace("_", " ").capitalize())), list(those))
            for noun, those in groupby(rows, key=lambda row: row.name.partition(":")[0])
        ]

    def _chosen(self, field: str) -> set[str]:
        value = self[field].value() or ()
        return {value} if isinstance(value, str) else set(value)  # one answer, kept, is no list

    def _places(self) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {}
        for one in self.supported.values():
            for name in one.scopes:
                places.setdefault(name, []).append(one.name)
        return places

    def facts(self) -> dict[str, Any]:
        """The verb's arguments."""
        data = self.cleaned_data
        typed = [name for name in re.split(r"\s+", data["other_scopes"]) if name]
        return {
            "name": data["name"],
            "description": data["description"],
            "scopes": (*data["known_scopes"], *typed),
            "console_permissions": tuple(data["console_permissions"]),
            "tenant_groups": tuple(data["tenant_groups"]),
        }

    @property
    def digest(self) -> str:
        """What stands for the answers: whoever was shown the effect of other answers is shown it anew."""
        sorted_facts = {
            name: value if isinstance(value, str) else sorted(value) for name, value in self.facts().items()
        }
        return hashlib.sha256(json.dumps(sorted_facts, sort_keys=True).encode()).hexdigest()[:16]


def answers_from(given: Contents, supported: Mapping[UUID, Supported]) -> dict[str, Any]:
    """The form's answers for what a role gives."""
    known = {name for one in supported.values() for name in one.scopes}
    return {
        "known_scopes": [name for name in given.scopes if name in known],
        "other_scopes": " ".join(name for name in given.scopes if name not in known),
        "tenant_groups": given.tenant_groups,
        "console_permissions": given.beyond_tenant_groups,
    }
