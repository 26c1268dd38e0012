"""Tokens and requests for the tests of the management API."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.test import Client as Browser
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from authz.models import ServiceAccount
from oauth import api_token
from oauth.models import Client
from tenants.models import Identity, Tenant, TenantUser

BOTH = (api_token.READ, api_token.WRITE)


def account_client(account: ServiceAccount) -> Client:
    """The OAuth client of a service account."""
    with system_context():
        client, _ = Client.objects.get_or_create(
            tenant_id=account.tenant_id,
            service_account=account,
            defaults={
                "name": account.name,
                "client_id": f"sa_{account.pk.hex}",
                "client_type": Client.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Client.GRANT_CLIENT_CREDENTIALS,
            },
        )
        return client


def cli() -> Client:
    """The installation's client through which people use the API."""
    with system_context():
        client, _ = Client.objects.get_or_create(
            client_id="authsec-cli",
            defaults={
                "name": "AuthSec CLI",
                "client_type": Client.CLIENT_PUBLIC,
                "authorization_grant_type": Client.GRANT_AUTHORIZATION_CODE,
                "api_access": True,
            },
        )
        return client


def token_of(
    who: ServiceAccount | Identity | TenantUser,
    scopes: Iterable[str] = BOTH,
    now: datetime | None = None,
    mfa_at: datetime | None = None,
) -> str:
    """A token for the management API, as the token endpoint would issue it."""
    now = now or timezone.now()
    if isinstance(who, ServiceAccount):
        return api_token.for_service_account(
            tenant_id=who.tenant_id,
            account_id=who.pk,
            client_id=account_client(who).client_id,
            scopes=set(scopes),
            jti=uuid4(),
            now=now,
        )
    if isinstance(who, TenantUser):
        with tenant_context(who.tenant_id):
            who = who.identity
    return api_token.for_identity(
        identity_id=who.pk,
        client_id=cli().client_id,
        scopes=set(scopes),
        jti=uuid4(),
        now=now,
        mfa_at=mfa_at,
    )


class Api:
    """Calls with one token and, unless told otherwise, one tenant in the header."""

    def __init__(self, token: str | None = None, tenant: Tenant | None = None) -> None:
        self.headers: dict[str, str] = {}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        if tenant is not None:
            self.headers["X-Tenant-ID"] = str(tenant.pk)
        self.browser = Browser(raise_request_exception=False)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str | None) -> Any:
        """Send a request; ``body`` is JSON unless it is bytes. A header given as None is left out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (self.headers | named).items() if value is not None}
        content = {} if body is None else {"data": body, "content_type": "application/json"}
        return self.browser.generic(
            method, path, **self._encoded(content), headers={k: str(v) for k, v in sent.items()}
        )

    def get(self, path: str, **headers: str | None) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str | None) -> Any:
        return self("POST", path, {} if body is None else body, **headers)

    @staticmethod
    def _encoded(content: dict[str, Any]) -> dict[str, Any]:
        import json

        if "data" in content and not isinstance(content["data"], bytes):
            content["data"] = json.dumps(content["data"])
        return content


def problem(answer: Any) -> tuple[int, str]:
    """Status and problem type; fails when the answer is no problem document."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    assert {"type", "title", "status", "detail", "errors", "request_id"} <= set(body)
    assert body["status"] == answer.status_code
    assert body["request_id"]
    return answer.status_code, body["type"]
