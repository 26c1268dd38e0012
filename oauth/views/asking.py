"""What the consent page shows: proof of who asks before wishes, and of each wish whether and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from authz.models import Scope
from oauth import consent, redirects
from oauth.authorization import AuthorizationRequest
from oauth.issuance import API_SCOPES, Grantable, Terms
from oauth.models import Client
from tenants.signin import SignIn

API_WORDS = {
    "api:read": ("Read your organizations through the management API", "medium"),
    "api:write": ("Change your organizations through the management API", "high"),
}
# OpenID Connect Core §5.4, in the words of who allows it.
IDENTITY_WORDS = {
    "openid": _lazy("Know that it is you: an identifier that is the same at each sign-in"),
    "profile": _lazy("See your name"),
    "email": _lazy("See your e-mail address"),
}


@dataclass(frozen=True)
class ClientFacts:
    """Who asks, as far as anybody checked. ``host`` is what was proved or claimed; ``proof`` says which."""

    name: str
    host: str
    proof: str
    returns: redirects.Destination

    @property
    def initial(self) -> str:
        return self.name[:1].upper()


def client_facts(asked: AuthorizationRequest) -> ClientFacts:
    """Describe the client of a request."""
    client = asked.client
    source = client.registration_source
    if client.tenant_id is not None:
        proof, host = "tenant", ""
    elif source == Client.RegistrationSource.CIMD:
        proof, host = "document", client.document_host
    elif source == Client.RegistrationSource.DCR:
        proof, host = "itself", urlsplit(client.client_uri).hostname or ""
    else:
        proof, host = "installation", ""
    return ClientFacts(
        client.name or _("An unnamed client"), host, proof, redirects.destination(asked.redirect_uri)
    )


@dataclass(frozen=True)
class Wish:
    """One scope that was asked for, in plain words, with why it is not given where it isn't."""

    name: str
    words: str
    risk: str = ""
    why: str = ""


@dataclass(frozen=True)
class Asking:
    """One request at the consent page. ``target`` None: the management API, which no tenant owns."""

    asked: AuthorizationRequest
    target: consent.Target | None
    grantable: Grantable
    sign_in: SignIn
    now: datetime

    @property
    def resource(self) -> str:
        return self.grantable.terms.resource_uri

    def consented(self) -> frozenset[str] | None:
        """What this person already said yes to; None for nothing."""
        if self.target is None:
            return None
        return consent.consented_scopes(
            tenant_id=self.target.tenant_id,
            user_id=self.target.user_id,
            client_id=self.asked.client.pk,
            application_id=self.target.application_id,
        )

    def kept_requested(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """What counts as asked for from now on: not what the person unticked."""
        return tuple(n for n in self.grantable.requested if n in scopes or n not in self.grantable.granted)

    def page(self, request: Any) -> HttpResponse:
        """Render the page; its policy admits the client's redirect target, which Chromium checks on submit."""
        facts = client_facts(self.asked)
        described = self._described()
        context = {
            "client": facts,
            "application_name": self.grantable.terms.application_name,
            "tenant_name": self.target.tenant_name if self.target else "",
            "action": request.get_full_path(),
            "granted": [described[name] for name in self.grantable.granted],
            "waiting": [described[name] for name in self.grantable.waiting],
            "not_given": [
                self._not_given(described[n], reason) for n, reason in self.grantable.not_given.items()
            ],
            "identity": [Wish(name, str(IDENTITY_WORDS[name])) for name in self.grantable.openid],
            "sign_in_only": self.grantable.sign_in_only,
            "step_up_url": self._step_up_url(),
            "switch_url": f"{reverse('account_logout')}?{urlencode({'next': self.asked.url()})}",
        }
        response = render(request, "oauth/consent.html", context)
        response._csp_update = {"form-action": [facts.returns.origin]}  # type: ignore[attr-defined]
        response["Cache-Control"] = "no-store"
        return response

    def _step_up_url(self) -> str:
        onward = {"next": self.asked.url(without=("step_up",)), "without": self.asked.url_without_step_up()}
        return f"{reverse('stepup')}?{urlencode(onward)}"

    def _described(self) -> dict[str, Wish]:
        names = self.grantable.requested
        if self.target is None:
            return {name: Wish(name, *API_WORDS[name]) for name in names}
        return describe_scopes(self.target, names)

    def _not_given(self, wish: Wish, reason: str) -> Wish:
        """Name the term that removed a scope; never a bare no."""
        facts = {
            "tenant": self.target.tenant_name if self.target else "",
            "application": self.grantable.terms.application_name,
            "client": client_facts(self.asked).name,
        }
        why = {
            "unsupported": _("%(application)s has no such scope."),
            "outside_ip": _(
                "%(tenant)s gives it at certain network addresses only; yours is not one of them."
            ),
            "missing_context": _(
                "%(tenant)s gives it at certain network addresses only; yours is not known."
            ),
            "not_yet": _("%(tenant)s gives you this at a later date."),
            "expired": _("%(tenant)s had given you this; it has expired."),
            "ended": _("%(tenant)s had given you this and has taken it back."),
        }.get(reason, _("%(tenant)s has not given you this, so %(client)s cannot have it."))
        return Wish(wish.name, wish.words, wish.risk, why % facts)


def describe_scopes(target: consent.Target, names: Sequence[str]) -> dict[str, Wish]:
    """Each of these scopes in the Application's words and with its risk; its bare name where it has none."""
    rows = Scope.objects.filter(
        tenant_id=target.tenant_id,
        application_id=target.application_id,
        name__in=names,
        ended_at__isnull=True,
    )
    found = {row.name: Wish(row.name, row.description or row.name, row.risk) for row in rows}
    return {name: found.get(name, Wish(name, name)) for name in names}


def api_asking(
    asked: AuthorizationRequest, wanted: tuple[str, ...], sign_in: SignIn, now: datetime
) -> Asking:
    """The question about the management API's scopes, which come to whoever may ask."""
    terms = Terms(
        application_id=UUID(int=0),
        application_name=_("the management API"),
        application_kind="api",
        resource_uri=settings.API_RESOURCE,
        admission="anyone",
        verified=True,
        standing="",
        states=dict.fromkeys(API_SCOPES, "active"),
        supported=API_SCOPES,
        defaults=API_SCOPES,
        member=True,
        end_user=False,
    )
    return Asking(asked, None, Grantable(terms, wanted, asked.asks_for_scopes, granted=wanted), sign_in, now)
