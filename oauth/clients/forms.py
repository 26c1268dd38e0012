"""Forms of the Clients pages."""

from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from oauth.clients.approvals import Reach
from oauth.clients.known import Origin
from oauth.clients.policy import MOST_HOSTS, BadHost, ClientStatus, read_host
from oauth.clients.reachable import read_value
from oauth.models import ClientPolicy
from tenants.forms import OptionalReason

ANY = ("", _("Any"))
REMOVED = "removed"
STATUSES = [
    (ClientStatus.PENDING.value, _("Waits for review")),
    (ClientStatus.APPROVED.value, _("Approved")),
    (ClientStatus.DENIED.value, _("Denied or disabled")),
    (ClientStatus.OPEN.value, _("Let in by policy")),
    (ClientStatus.LISTED.value, _("Its host is listed")),
    (ClientStatus.UNLISTED.value, _("Its host is not listed")),
    (REMOVED, _("Removed")),
]


class BadFilter(BadRequest):
    """A filter in the address that the list does not have. Answered with 400 and the reason."""


class DecisionForm(OptionalReason):
    """The tenant's word on a client, about what the client said of itself when it was asked for (``seen``)."""

    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)


class FilterForm(forms.Form):
    """The list's filters, as the address holds them; every one may be missing."""

    q = forms.CharField(required=False, max_length=200)
    status = forms.ChoiceField(required=False, label=_("Status"), choices=[ANY, *STATUSES])
    origin = forms.ChoiceField(required=False, label=_("Origin"), choices=[ANY, *Origin.choices])

    @classmethod
    def read(cls, data: QueryDict) -> "FilterForm":
        """The filters of an address. Raises BadFilter."""
        form = cls(data)
        if not form.is_valid():
            name, errors = next(iter(form.errors.items()))
            raise BadFilter(f"{name}: {errors[0]}")
        return form

    @property
    def chips(self) -> dict[str, Any]:
        """What is chosen, in words: the chips' values by name."""
        chosen = {name: self.cleaned_data[name] for name in ("status", "origin")}
        return {
            name: dict(self.fields[name].choices)[value]  # type: ignore[attr-defined]
            for name, value in chosen.items()
            if value
        }

    @property
    def narrowed(self) -> bool:
        return any(self.cleaned_data.values())


class PolicyForm(forms.Form):
    """Which clients a tenant lets in by itself."""

    metadata_policy = forms.ChoiceField(
        label=_("Clients known by a document at their address"),
        choices=ClientPolicy.Policy.choices,
        widget=forms.RadioSelect,
        help_text=_("Fetching the document proved its host. The first choice of AI clients."),
    )
    registration_policy = forms.ChoiceField(
        label=_("Clients that registered themselves"),
        choices=ClientPolicy.Policy.choices,
        widget=forms.RadioSelect,
        help_text=_("Nobody checked who they are; only where their answers go is certain."),
    )
    allowed_hosts = forms.CharField(
        label=_("Listed hosts"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "input mono"}),
        help_text=_(
            "One a line: claude.ai, *.example.com for all hosts below it, localhost for programs on a person’s "
            "computer, cursor: for a program’s own scheme. Compared with the host of the document, or of the "
            "redirect address of a client that registered itself."
        ),
    )

    @staticmethod
    def initial_of(policy: ClientPolicy) -> dict[str, Any]:
        """The fields as a policy has them."""
        return {
            "registration_policy": policy.registration_policy,
            "metadata_policy": policy.metadata_policy,
            "allowed_hosts": "\n".join(policy.allowed_hosts),
        }

    def clean_allowed_hosts(self) -> list[str]:
        """The entries as they are kept, each once; all that are wrong are named."""
        hosts: dict[str, None] = {}
        for line in self.cleaned_data["allowed_hosts"].replace(",", "\n").split():
            try:
                hosts[read_host(line)] = None
            except BadHost as bad:
                self.add_error("allowed_hosts", str(bad))
        if len(hosts) > MOST_HOSTS:
            self.add_error("allowed_hosts", _("At most %d hosts.") % MOST_HOSTS)
        return list(hosts)

    def clean(self) -> dict[str, Any]:
        """An allow-list without hosts would let nobody in, which is rarely meant."""
        data = super().clean() or {}
        uses = ClientPolicy.Policy.ALLOW_LIST in (
            data.get("metadata_policy"),
            data.get("registration_policy"),
        )
        if uses and not self.errors and not data.get("allowed_hosts"):
            self.add_error("allowed_hosts", _("Name at least one host, or let each client wait for review."))
        return data


class LimitForm(forms.Form):
    """What a client may still reach: whole Applications, or scopes of them. ``q`` finds more to tick."""

    reach = forms.Field(
        label=_("It reaches only"),
        widget=forms.SelectMultiple,
        error_messages={"required": _("Tick what it may still reach. To shut it out, deny it.")},
    )
    q = forms.CharField(max_length=200, required=False)
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean_reach(self) -> list[Reach]:
        """What is ticked; whether the tenant has it is for the verb to say."""
        try:
            return [read_value(value) for value in self.cleaned_data["reach"]]
        except ValueError as error:
            raise forms.ValidationError(_("One of these is no Application and no scope.")) from error

    @property
    def ticked(self) -> list[Reach]:
        """What is ticked so far, in a form that was sent and may be wrong, else what the limits name now."""
        if not self.is_bound:
            return list(self.initial["reach"])
        self.is_valid()
        return list(self.cleaned_data.get("reach", []))

    def unsent(self) -> "LimitForm":
        """The same, as if nobody had pressed the button: a search is no answer that could be wrong."""
        return LimitForm(
            initial={"reach": self.ticked}
            | {name: self.cleaned_data.get(name, "") for name in ("q", "reason")}
        )
