"""What the consent page shows: proof of who asks before wishes, and of each wish whether and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from oauth import consent, wishes
from oauth.authorization import AuthorizationRequest
from oauth.issuance import API_SCOPES, Grantable, Terms
from oauth.parties import ApplicationFacts, application_facts, client_facts, name_of
from oauth.question import Question
from tenants.plain_text import one_line
from tenants.signin import SignIn, Waiting, note_waiting


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

    @cached_property
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

    @cached_property
    def kept(self) -> frozenset[str]:
        """Of what can be given now, what needs no new question: none of it where the client wants one."""
        if "consent" in self.asked.prompts:
            return frozenset()
        return frozenset((self.consented or frozenset()) & {*self.grantable.granted, *self.grantable.openid})

    @property
    def covered(self) -> bool:
        """Whether the person said yes to all that can be given, and there is any."""
        granted, openid = self.grantable.granted, self.grantable.openid
        if self.consented is None or not (granted or self.grantable.sign_in_only):
            return False
        return {*granted, *openid} <= self.consented

    @property
    def boxes(self) -> frozenset[str]:
        """The names that the page lets the person tick."""
        offered = {*self.grantable.granted, *self.grantable.openid} - {"openid"}
        return frozenset(offered - self.kept)

    def kept_requested(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """What counts as asked for from now on: not what the person unticked."""
        return tuple(n for n in self.grantable.requested if n in scopes or n not in self.grantable.granted)

    def page(self, request: Any, *, changed: frozenset[str] = frozenset(), status: int = 200) -> HttpResponse:
        """Render the page; its policy admits the client's redirect target, which Chromium checks on submit.

        ``changed``: scopes that the person ticked and that can no longer be given.
        """
        client = client_facts(self.asked, self.target.tenant_id if self.target else None)
        question = Question(self.asked.key, request.user.pk, self.boxes, self.now)
        context = {
            "client": client,
            "application": self._application(),
            "action": request.get_full_path(),
            "question": question.sealed(),
            "changed": sorted(changed),
            "sign_in_only": self.grantable.sign_in_only,
            "step_up_url": self.step_up_url(request) if self.grantable.waiting else "",
            "another": self.asked.url_for_another(),
            **self._wishes(client.short),
        }
        response = render(request, "oauth/consent.html", context, status=status)
        response._csp_update = {"form-action": [client.returns.origin]}  # type: ignore[attr-defined]
        response["Cache-Control"] = "no-store"
        return response

    def _wishes(self, client_name: str) -> dict[str, Any]:
        grantable, target = self.grantable, self.target
        known = wishes.described(target, grantable.requested)
        facts = {
            "tenant": target.tenant_name if target else "",
            "application": grantable.terms.application_name,
            "client": client_name,
        }
        new = [known[name] for name in grantable.granted if name not in self.kept]
        return {
            "possible": bool(grantable.granted or grantable.waiting or grantable.sign_in_only),
            "new": len(new),
            "groups": wishes.grouped(new),
            "waiting": wishes.by_risk(known[name] for name in grantable.waiting),
            "identity": [wishes.identity_wish(n) for n in grantable.openid if n not in self.kept],
            "given": wishes.by_risk(known[n] for n in grantable.granted if n in self.kept),
            "given_identity": [wishes.identity_wish(n) for n in grantable.openid if n in self.kept],
            "not_given": [
                wishes.not_given(known[name], reason, **facts) for name, reason in grantable.not_given.items()
            ],
        }

    def _application(self) -> ApplicationFacts:
        if self.target is None:
            return ApplicationFacts(self.grantable.terms.application_name)
        return application_facts(self.target)

    def step_up_url(self, request: Any) -> str:
        """The page that asks for the second factor, which says what waits for it."""
        onward, without = self.asked.url(without=("step_up",)), self.asked.url_without_step_up()
        self.note(request, onward, self.grantable.waiting)
        return f"{reverse('stepup')}?{urlencode({'next': onward, 'without': without})}"

    def note(self, request: Any, onward: str, scopes: Iterable[str]) -> None:
        """Tell the page that leads to ``onward`` which of the scopes wait for it, in words."""
        target = self.target
        waiting = Waiting(
            name_of(self.asked.client),
            one_line(self.grantable.terms.application_name),
            one_line(target.tenant_name) if target else "",
            wishes.told(wishes.described(target, scopes).values()),
        )
        note_waiting(request.session, onward=onward, waiting=waiting)


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
