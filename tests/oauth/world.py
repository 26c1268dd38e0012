"""A small world for the protocol's tests: one tenant, one Application, a client, and the walk through consent."""

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz.models import Application
from oauth import credentials
from oauth.clients import creation as clients
from oauth.models import AccessToken, Client, Consent, Grant, RefreshToken
from tenants.models import Identity, Tenant, TenantUser
from tests import cast

REDIRECT_URI = "http://127.0.0.1:7/callback"
ED = "ed@consumer.example"


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636 §4)."""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(
        b"="
    ).decode()


def basic(user: str, password: str) -> dict[str, str]:
    """A Basic header for the test client."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@dataclass
class World:
    """``application`` supports read, write and run; consumers get read (default) and write through the free tier."""

    tenant: Tenant
    application: Application
    client: Client
    credential: tuple[str, str]
    secret: str = ""
    browser: Browser = field(default_factory=Browser)

    @property
    def resource(self) -> str:
        return self.application.resource_uri

    def signed_in(self, email: str, *, mfa: bool = False) -> Browser:
        """A browser of this person, who signed in a minute ago with a password and perhaps a second factor."""
        browser = cast.signed_in(cast.person(email))
        session = browser.session
        at = time.time() - 60
        records = [{"method": "password", "at": at, "email": email}]
        if mfa:
            records.append({"method": "mfa", "type": "totp", "at": at})
        session["account_authentication_methods"] = records
        session["account_authentication_methods_user"] = session["_auth_user_id"]
        session.save()
        return browser

    def query(self, **changes: str | None) -> tuple[str, str]:
        """An authorize URL and the verifier that belongs to it; a change to None leaves a parameter out."""
        verifier, challenge = pkce()
        parameters = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "resource": self.resource,
            "state": "st-1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return "/oauth/authorize?" + urlencode(
            {k: v for k, v in parameters.items() if v is not None}
        ), verifier

    def consent(
        self, browser: Browser, *, only: list[str] | None = None, **changes: str | None
    ) -> tuple[str, str]:
        """Allow on the consent page, every box that is ticked or ``only`` these: code and verifier."""
        url, verifier = self.query(**changes)
        page = browser.get(url)
        if page.status_code == 200:
            page = self.answer(browser, url, scopes=boxes(page) if only is None else only)
        answer = redirected(page)
        assert "code" in answer, answer
        return answer["code"], verifier

    def answer(self, browser: Browser, url: str, *, action: str = "allow", **form: Any) -> Any:
        """Press a button of the consent page that stands at ``url``, with this in its form."""
        return browser.post(url, {"action": action, "question": question(browser.get(url)), **form})

    def exchange(self, code: str, verifier: str, **changes: str | None) -> Any:
        return self.post(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": REDIRECT_URI,
                "client_id": self.client.client_id,
                **changes,
            }
        )

    def refresh(self, token: str, **changes: str | None) -> Any:
        return self.post(
            {
                "grant_type": "refresh_token",
                "refresh_token": token,
                "client_id": self.client.client_id,
                **changes,
            }
        )

    def post(self, form: dict[str, str | None], **headers: str) -> Any:
        body = urlencode({k: v for k, v in form.items() if v is not None})
        return Browser().post(
            "/oauth/token", body, content_type="application/x-www-form-urlencoded", headers=headers
        )

    def tokens(self, browser: Browser, **changes: Any) -> dict[str, Any]:
        """The token answer after the whole walk."""
        code, verifier = self.consent(browser, **changes)
        answer = self.exchange(code, verifier)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def introspect(self, token: str, credential: tuple[str, str] | None = None, **more: str) -> Any:
        """The whole response of introspection."""
        return Browser().post(
            "/oauth/introspect",
            urlencode({"token": token, **more}),
            content_type="application/x-www-form-urlencoded",
            headers=basic(*(credential or self.credential)),
        )

    def facts(self, token: str, **more: str) -> dict[str, Any]:
        """The answer of introspection."""
        answer = self.introspect(token, **more)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def count(self) -> tuple[int, int, int]:
        """How many access tokens, live refresh tokens and revoked refresh tokens the tenant has."""
        with tenant_context(self.tenant.id):
            refresh = RefreshToken.objects.filter(tenant=self.tenant)
            live = refresh.filter(revoked__isnull=True).count()
            return AccessToken.objects.filter(tenant=self.tenant).count(), live, refresh.count() - live


def redirected(response: Any) -> dict[str, str]:
    """The parameters that a redirect to the client carries."""
    assert response.status_code in (302, 303), (response.status_code, response.content[:2000])
    location = response["Location"]
    assert location.startswith(REDIRECT_URI), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def boxes(page: Any) -> list[str]:
    """The scopes that a consent page lets the person tick."""
    return re.findall(r'name="scopes" value="([^"]+)"', page.content.decode())


def question(page: Any) -> str:
    """The sealed question of a consent page, '' where the page has none."""
    found = re.search(r'name="question" value="([^"]+)"', page.content.decode())
    return found.group(1) if found else ""


def public_client(name: str = "Claude Code", **more: Any) -> Client:
    """A client that registered itself."""
    document = {
        "client_name": name,
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        **more,
    }
    client, _ = clients.register_public(clients.read_registration(document), now=timezone.now())
    return client


def world(slug: str = "acme-corp") -> World:
    """The tenant, with an owner, as above."""
    tenant = cast.open_tenant(slug, f"owner@{slug}.example")
    application = cast.application(
        tenant, "deploy-mcp", ["read", "write", "run"], uri=f"http://localhost:9101/{slug}/mcp"
    )
    role = cast.role(tenant, "Reader", ["read", "write"])
    cast.bind(tenant, role, cast.tier(tenant), application)
    with tenant_context(tenant.id):
        credential = credentials.issue(
            tenant_id=tenant.id, application_id=application.id, actor=SYSTEM, now=timezone.now()
        )
    return World(tenant, application, public_client(), credential)


def identity(email: str) -> Identity:
    return cast.person(email)


def disable(client: Client) -> None:
    with system_context():
        Client.objects.filter(pk=client.pk).update(disabled_at=timezone.now())


def nothing_written(it: World, email: str) -> bool:
    with tenant_context(it.tenant.id):
        return not (
            TenantUser.objects.filter(identity__email=email).exists()
            or Consent.objects.exists()
            or Grant.objects.exists()
        )


def account(it: World) -> tuple[Client, str, Any]:
    robot = cast.service_account(it.tenant, "release-bot")
    with tenant_context(it.tenant.id):
        client, secret = clients.create_for_service_account(
            tenant_id=it.tenant.id,
            service_account_id=robot.pk,
            name="release-bot",
            actor=SYSTEM,
            now=timezone.now(),
        )
    return client, secret, robot
