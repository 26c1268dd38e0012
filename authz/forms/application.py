"""Registering an Application and declaring its scopes, one row each."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from authsec.web.pictures import MAX_BYTES
from authz.contacts import MAX_CONTACT
from authz.forms.refusal import VerbForm
from authz.models import Application, Scope
from authz.scopes import ScopeSpec
from endusers.operations import LONGEST_WINDOW_S, MOST_CALLS

EMPTY_ROWS = 4
INPUT = {"class": "input"}
MAX_ROWS = 200
LINK = forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "placeholder": "https://"})

KIND = '<b>{}</b><span class="secondary block">{}</span>'
KINDS = [
    ("mcp_server", format_html(KIND, _("MCP server"), _("AI clients call its tools"))),
    ("web_app", format_html(KIND, _("Web app"), _("people sign in to it"))),
    ("api", format_html(KIND, "API", _("programs call it"))),
]


class ApplicationForm(VerbForm):
    """An Application's facts."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("As people know it, such as deploy-mcp.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, initial="mcp_server", widget=forms.RadioSelect)
    resource_uri = forms.CharField(
        label=_("Resource URI"),
        max_length=500,
        help_text=_("The address that clients name as resource and tokens carry as aud (RFC 8707)."),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    admission = forms.ChoiceField(
        label=_("Who may come"),
        choices=Application.Admission.choices,
        initial="anyone",
        widget=forms.RadioSelect,
        help_text=_("Whoever comes gets only what bindings give: without any, no scopes."),
    )


class EditForm(ApplicationForm):
    """An Application's facts, what it says to people, its own limit and its picture."""

    shown_at = {"rate_limit": "limit"}

    support_contact = forms.CharField(
        label=_("Support contact"),
        max_length=MAX_CONTACT,
        required=False,
        help_text=_("An e-mail address or an https page: whom people ask who are not let in."),
        widget=forms.TextInput(attrs={"inputmode": "email", "spellcheck": "false"}),
    )
    privacy_uri = forms.CharField(label=_("Privacy policy"), max_length=500, required=False, widget=LINK)
    terms_uri = forms.CharField(label=_("Terms of service"), max_length=500, required=False, widget=LINK)
    limit = forms.IntegerField(
        label=_("Rate limit"),
        min_value=1,
        max_value=MOST_CALLS,
        required=False,
        help_text=_("Calls, for everybody whose plan tier and own limit say nothing. Empty: no such limit."),
    )
    window_s = forms.IntegerField(
        label=_("In how many seconds"), min_value=1, max_value=LONGEST_WINDOW_S, required=False
    )
    enforce_rate_limit = forms.BooleanField(
        label=_("AuthSec counts and refuses"),
        required=False,
        help_text=_(
            "Each introspection of an active token counts as one call of that person or service account. Beyond their "
            "limit it answers 429 with Retry-After, which this Application passes on. Unticked, it learns the limit "
            "and counts by itself."
        ),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_(
            "PNG, JPEG, WebP or GIF of at most 256 KiB. People see it where they are asked to consent."
        ),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    without_logo = forms.BooleanField(label=_("Take the logo away"), required=False)

    @classmethod
    def of(cls, application: Application, data: Any, files: Any) -> "EditForm":
        """The form of this Application, filled with what it says now, or with what was posted."""
        here = [name for name in cls.base_fields if hasattr(application, name)]
        limit = application.own_limit or {}
        return cls(data, files, initial={name: getattr(application, name) for name in here} | limit)

    def said(self) -> dict[str, Any]:
        """What :func:`authz.application_changes.change` is told."""
        told = dict(self.cleaned_data)
        limit, window = told.pop("limit"), told.pop("window_s")
        picture = told.pop("logo")
        told["rate_limit"] = {"limit": limit, "window_s": window or 60} if limit else None
        # One byte more than may be: the verb says that it is too large.
        return told | {"logo": picture.read(MAX_BYTES + 1) if picture else b""}


class ScopeForm(forms.Form):
    """One scope; a row without a name is none."""

    name = forms.CharField(
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs=INPUT | {"aria-label": _("Scope"), "placeholder": "deploy:run"}),
    )
    description = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.TextInput(
            attrs=INPUT | {"aria-label": _("In plain words"), "placeholder": _("Start a deployment")}
        ),
    )
    risk = forms.ChoiceField(
        choices=Scope.Risk.choices,
        initial="low",
        required=False,
        widget=forms.Select(attrs=INPUT | {"aria-label": _("Risk")}),
    )
    is_default = forms.BooleanField(
        required=False, widget=forms.CheckboxInput(attrs={"class": "box", "aria-label": _("Default")})
    )


class BaseScopeRows(forms.BaseFormSet):
    """All the rows, and the verb's refusals brought back to theirs."""

    def specs(self) -> list[ScopeSpec]:
        """The rows that name a scope."""
        self.named = [form for form in self.forms if form.cleaned_data.get("name", "").strip()]
        return [
            ScopeSpec(
                form.cleaned_data["name"].strip(),
                form.cleaned_data.get("description", ""),
                form.cleaned_data.get("risk") or Scope.Risk.LOW.value,
                form.cleaned_data.get("is_default", False),
            )
            for form in self.named
        ]

    def show(self, errors: dict[str, str], form: VerbForm | None = None) -> None:
        """Put ``scopes.<n>.<field>`` beside its row, the rest into ``form`` or on top."""
        for field, sentence in errors.items():
            _scopes, _dot, rest = field.partition("scopes.")
            number, _dot, name = rest.partition(".")
            if number.isdigit() and int(number) < len(self.named):
                self.named[int(number)].add_error(name, sentence)
            elif form is not None:
                form.add_error(field if field in form.fields else None, sentence)
            else:
                self.non_form_errors().append(sentence)


ScopeRows = forms.formset_factory(
    ScopeForm, formset=BaseScopeRows, extra=EMPTY_ROWS, max_num=MAX_ROWS, absolute_max=MAX_ROWS + 50
)


def scope_rows(data: Any, scopes: Iterable[Scope] = ()) -> Any:
    """The rows as posted (None: not), or filled with the scopes that are."""
    initial = [
        {"name": s.name, "description": s.description, "risk": s.risk, "is_default": s.is_default}
        for s in scopes
    ]
    return ScopeRows(data, initial=initial, prefix="scopes")
