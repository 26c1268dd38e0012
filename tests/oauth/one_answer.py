"""The same question asked on all roads: the page, the API, the consent page, a token, introspection."""

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.models import EmailAddress
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import models
from oauth import credentials
from oauth.clients import creation as clients
from tenants.models import Membership, Profile, Tenant, TenantUser
from tests import cast
from tests.authz.cast import NOW
from tests.authz.naive import Question, Span, Town
from tests.authz.random_worlds import FOR_EVER, write
from tests.console.api import Api, token_of
from tests.oauth.world import REDIRECT_URI, basic, boxes, pkce, public_client, question

ROW = re.compile(
    r'<tbody>.*?<code>([^<]+)</code>.*?class="c-granted"><div class="granted"><span class="pill[^"]*">(.*?)</span>'
    r'<span class="reason">(.*?)</span></div>',
    re.S,
)
TAG = re.compile(r"<[^>]+>")
GRANTED, WAITING = "Active", "Needs step-up"


def moved(value: Any, by: timedelta) -> Any:
    """The same facts, with all their moments later by this much."""
    if isinstance(value, datetime):
        return value + by
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: moved(getattr(value, one.name), by) for one in fields(value)})
    if isinstance(value, dict):
        return {key: moved(each, by) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(each, by) for each in value)
    return value


def so_far(town: Town, now: datetime) -> Town:
    """The town without what its verbs could not have done yet: what begins or is closed later than ``now``."""

    def happened(span: Span) -> Span | None:
        return (
            None
            if span.start > now
            else replace(span, end=span.end if span.end and span.end <= now else None)
        )

    def names(pairs: list[tuple[Any, Span]]) -> list[tuple[Any, Span]]:
        return [(name, stays) for name, span in pairs if (stays := happened(span))]

    def past(moment: datetime | None) -> datetime | None:
        return moment if moment and moment <= now else None

    return replace(
        town,
        apps={key: replace(happened(app), scopes=names(app.scopes)) for key, app in town.apps.items()},
        roles={
            key: replace(
                role,
                end=past(role.end),
                scopes=names(role.scopes),
                console=names(role.console),
                tenant_groups=names(role.tenant_groups),
            )
            for key, role in town.roles.items()
        },
        groups={key: replace(happened(one), people=names(one.people)) for key, one in town.groups.items()},
        accounts={
            key: replace(happened(one), people=names(one.people)) for key, one in town.accounts.items()
        },
        bindings=[replace(b, ended=past(b.ended)) for b in town.bindings if b.created <= now],
    )


@dataclass
class Told:
    """What a road says of one Application: scopes that are given, and scopes that wait for a second factor."""

    given: set[str]
    waiting: set[str]

    def __str__(self) -> str:
        return f"{sorted(self.given)} + {sorted(self.waiting)} after MFA"


class Place:
    """A town in the database, at this very moment, with an operator who may look at everything."""

    def __init__(self, town: Town) -> None:
        self.start = timezone.now() - timedelta(seconds=1)
        self.town = so_far(moved(town, self.start - NOW), self.start)
        write(self.town)
        with tenant_context(self.town.id):
            self.tenant = Tenant.objects.get(pk=self.town.id)
            for user in TenantUser.objects.filter(tenant=self.tenant).select_related("identity"):
                EmailAddress.objects.create(
                    user=user.identity, email=user.identity.email, verified=True, primary=True
                )
                Profile.objects.create(
                    tenant=self.tenant, user=user, email=user.identity.email, display_name=user.pk.hex
                )
            self.operator = self._operator()
            self.credentials = {
                key: credentials.issue(
                    tenant_id=self.town.id, application_id=key, actor=SYSTEM, now=timezone.now()
                )
                for key, app in self.town.apps.items()
                if app.holds(self.start)
            }
            self.admissions = dict(
                models.Application.objects.filter(tenant=self.tenant).values_list("id", "admission")
            )
        self.client = public_client()
        self.tokens = 0  # issued so far
        if self.town.open:
            self.browser = cast.signed_in(self.operator)
            self.api = Api(token_of(self.operator), self.tenant)

    def _operator(self) -> TenantUser:
        """Holds a binding of their own, on a role of their own: nobody else's answer changes."""
        user = TenantUser.objects.create(
            tenant=self.tenant, identity=cast.person(f"op-{self.town.id.hex}@example.test")
        )
        Membership.objects.create(tenant=self.tenant, user=user, status="active", joined_at=FOR_EVER)
        role = models.Role.objects.create(tenant=self.tenant, name="Looks at everything")
        models.RoleScope.objects.create(
            tenant=self.tenant, role=role, kind="group", name="auditors", added_at=FOR_EVER
        )
        models.Binding.objects.create(tenant=self.tenant, role=role, user=user, created_at=FOR_EVER)
        return user

    # --- the roads -------------------------------------------------------------------------------------------------
    def page(self, q: Question, requested: set[str]) -> dict[UUID, Told]:
        """What the track says, Application by Application, and that its sentences are the API's."""
        age = q.mfa_at and q.at - q.mfa_at
        asked = {
            "user": q.subject,
            "at": q.at.isoformat(),
            "mfa": "none" if age is None else "hours" if age else "fresh",
            "hours": int(age.total_seconds() // 3600) if age else "",
            "ip": q.ip or "",
            "requested": " ".join(sorted(requested)),
        }
        answer = self.browser.get(
            f"/t/{self.tenant.slug}/authz/effective-access/?{urlencode(asked)}",
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 200, answer.content[:2000]
        self.shown = answer.content.decode()
        said = {}
        for part in self.shown.split('<section class="panel section" id="app-')[1:]:
            rows = [
                (name, TAG.sub("", state).strip())
                for name, state, _ in ROW.findall(part.partition("</section>")[0])
            ]
            said[UUID(part[:36])] = Told(
                {name for name, state in rows if state == GRANTED},
                {name for name, state in rows if state == WAITING},
            )
        return said

    def answered(self, q: Question, requested: set[str]) -> dict[UUID, Told]:
        """What the API says; None is no answer."""
        asked = {"at": q.at.isoformat(), "scope": " ".join(sorted(requested))}
        asked |= {"mfa_at": q.mfa_at.isoformat()} if q.mfa_at else {}
        asked |= {"ip": q.ip} if q.ip else {}
        answer = self.api.get(f"/uflow/v2/users/{q.subject}/effective-access?{urlencode(asked)}")
        assert answer.status_code == 200, answer.content
        self.body = answer.json()
        return {
            UUID(one["application_id"]): Told(
                {row["name"] for row in one["scopes"] if row["granted"] == "active"},
                {row["name"] for row in one["scopes"] if row["granted"] == "pending_step_up"},
            )
            for one in self.body["applications"]
        }

    def read_sentences(self) -> str:
        """What the page shows in words, without its markup."""
        return " ".join(unescape(TAG.sub("", self.shown)).split())

    def visitor(self, q: Question) -> Browser:
        """The browser of the person, who signed in when their second factor was given, from their address."""
        with tenant_context(self.town.id):
            user = TenantUser.objects.select_related("identity").get(pk=q.subject)
        browser = cast.signed_in(user)
        browser.defaults["REMOTE_ADDR"] = q.ip
        session = browser.session
        at = (q.mfa_at or q.at - timedelta(minutes=1)).timestamp()
        records = [{"method": "password", "at": at, "email": user.identity.email}]
        session["account_authentication_methods"] = records + (
            [{"method": "mfa", "type": "totp", "at": at}] if q.mfa_at else []
        )
        session.save()
        return browser

    def asks(self, app_id: UUID, requested: set[str]) -> tuple[str, str]:
        """An authorize URL, and the verifier that belongs to it."""
        verifier, challenge = pkce()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "resource": self.resource(app_id),
            "scope": " ".join(sorted(requested)),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "step_up": "skip",  # the page without going to the second factor first
        }
        return "/oauth/authorize?" + urlencode(asked), verifier

    def resource(self, app_id: UUID) -> str:
        return f"https://{app_id.hex}.example.test"

    def consent(self, browser: Browser, url: str) -> tuple[Told, set[str], str]:
        """Ticked and waiting scopes of the consent page, those that it does not give, and its sealed question."""
        page = browser.get(url)
        if page.status_code != 200:
            return Told(set(), set()), set(), ""
        text = page.content.decode()
        waits = re.findall(r'<div class="wish wait">.*?<code>([^<]+)</code>', text, re.S)
        nots = re.findall(r'<div class="wish not">.*?<bdi>([^<]+)</bdi>', text, re.S)
        return Told(set(boxes(page)), set(waits)), set(nots), question(page)

    def token(
        self, browser: Browser, url: str, verifier: str, ticked: set[str], sealed: str
    ) -> dict[str, Any]:
        """Allow what is ticked and exchange the code: the token endpoint's answer."""
        answer = browser.post(url, {"action": "allow", "question": sealed, "scopes": sorted(ticked)})
        assert answer.status_code in (302, 303), answer.content[:2000]
        code = re.search(r"[?&]code=([^&]+)", answer["Location"])
        assert code, answer["Location"]
        return self.exchanged(
            grant_type="authorization_code",
            code=code[1],
            code_verifier=verifier,
            redirect_uri=REDIRECT_URI,
            client_id=self.client.client_id,
        )

    def exchanged(
        self, ip: str = "127.0.0.1", credential: tuple[str, str] | None = None, **form: str
    ) -> dict[str, Any]:
        answer = Browser(REMOTE_ADDR=ip).post(
            "/oauth/token",
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers=basic(*credential) if credential else {},
        )
        body: dict[str, Any] = answer.json()
        return body

    def account_token(self, account_id: UUID, app_id: UUID, requested: set[str], ip: str) -> dict[str, Any]:
        """What a service account gets by its secret."""
        with tenant_context(self.town.id):
            client, secret = clients.create_for_service_account(
                tenant_id=self.town.id,
                service_account_id=account_id,
                name="bot",
                actor=SYSTEM,
                now=timezone.now(),
            )
        return self.exchanged(
            ip,
            (client.client_id, secret),
            grant_type="client_credentials",
            resource=self.resource(app_id),
            scope=" ".join(sorted(requested)),
        )

    def introspected(self, app_id: UUID, token: str, ip: str | None = None) -> Told | None:
        """What the Application learns of a token; None for an inactive one."""
        answer = Browser().post(
            "/oauth/introspect",
            urlencode({"token": token} | ({"client_ip": ip} if ip else {})),
            content_type="application/x-www-form-urlencoded",
            headers=basic(*self.credentials[app_id]),
        )
        body = answer.json()
        assert answer.status_code == 200, body
        waiting = {one["scope"] for one in body.get("pending", ())}
        return Told(set(body["scope"].split()), waiting) if body["active"] else None
