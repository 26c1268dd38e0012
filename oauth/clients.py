"""OAuth clients: those that register themselves, those that a tenant makes, and the tenant's word on each."""

import json
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import system_context
from authsec.secrets import new_secret
from oauth import redirects
from oauth.models import Client, ClientApplication, ClientApproval, ClientPolicy

CODE_GRANTS = ("authorization_code", "refresh_token")
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
MAX_REDIRECTS = 20
MAX_NAME = 100
# What a client may say about itself besides what we act on (RFC 7591 §2): kept and answered, never trusted.
KEPT = ("logo_uri", "tos_uri", "policy_uri", "software_id", "software_version", "contacts", "scope")
MAX_KEPT = 2000


class Refused(Exception):
    """Registration is refused. ``code`` is one of RFC 7591 §3.2.2."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


class NoSuchClient(Exception):
    """The tenant has no such client to decide on."""


@dataclass(frozen=True)
class Registration:
    """What a client asks for, checked."""

    name: str
    redirect_uris: list[str]
    auth_method: str
    grant_types: list[str]
    client_uri: str = ""
    kept: dict[str, Any] = field(default_factory=dict)


def readable_name(value: Any) -> str:
    """A client's name, one line that shows what it says. Raises Refused for what hides or misleads."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("invalid_client_metadata", "client_name must be a text.")
    name = unicodedata.normalize("NFC", value.strip())
    # Control, format (text direction, zero width), surrogate and private-use characters forge what a person reads.
    if len(name) > MAX_NAME or any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name
    ):
        raise Refused(
            "invalid_client_metadata",
            f"client_name has at most {MAX_NAME} characters and no control or invisible ones.",
        )
    return name


def read_registration(document: Any) -> Registration:
    """Check a registration request (RFC 7591 §2). Unknown members are ignored. Raises Refused."""
    if not isinstance(document, dict):
        raise Refused("invalid_client_metadata", "Send a JSON object.")
    return Registration(
        name=readable_name(document.get("client_name")),
        redirect_uris=_redirect_uris(document.get("redirect_uris")),
        auth_method=_auth_method(document.get("token_endpoint_auth_method")),
        grant_types=_grant_types(document),
        client_uri=_client_uri(document.get("client_uri")),
        kept={name: document[name] for name in KEPT if _may_keep(document.get(name))},
    )


def _redirect_uris(value: Any) -> list[str]:
    if not isinstance(value, list) or not value or len(value) > MAX_REDIRECTS:
        raise Refused("invalid_redirect_uri", f"redirect_uris holds 1 to {MAX_REDIRECTS} URIs.")
    for uri in value:
        if reason := redirects.problem(uri):
            raise Refused("invalid_redirect_uri", reason)
    return list(dict.fromkeys(value))


def _auth_method(value: Any) -> str:
    method = "client_secret_basic" if value is None else value  # RFC 7591 §2: the default
    if method not in AUTH_METHODS:
        raise Refused(
            "invalid_client_metadata", f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}."
        )
    return str(method)


def _grant_types(document: dict[str, Any]) -> list[str]:
    asked, responses = document.get("grant_types"), document.get("response_types")
    # Some libraries write a member that they leave out as null.
    asked = ["authorization_code"] if asked is None else asked
    responses = ["code"] if responses is None else responses
    if not isinstance(asked, list) or not isinstance(responses, list):
        raise Refused("invalid_client_metadata", "grant_types and response_types are lists.")
    granted = [name for name in CODE_GRANTS if name in asked]
    if "authorization_code" not in granted or (responses and "code" not in responses):
        raise Refused(
            "invalid_client_metadata", "grant_types must hold authorization_code, response_types code."
        )
    return granted


def _client_uri(value: Any) -> str:
    if (
        isinstance(value, str)
        and len(value) <= 500
        and value.startswith("https://")
        and not redirects.problem(value)
    ):
        return value
    return ""


def _may_keep(value: Any) -> bool:
    """Whether PostgreSQL can keep it: small, no NUL, no half of a surrogate pair, no infinity."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # 1e999 reads as infinity, which JSON cannot write
        return False
    return value is not None and "\\u0000" not in text and _is_text(text) and len(text) <= MAX_KEPT


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def register_public(registration: Registration, *, now: datetime) -> tuple[Client, str]:
    """Create a client of the installation that registered itself. Returns it and its secret ('' when public).

    It belongs to no tenant: each tenant's policy and its people's consents decide what it reaches.
    """
    with system_context():
        return _create(registration, registration_source=Client.RegistrationSource.DCR)


def create_for_tenant(
    *,
    tenant_id: UUID,
    name: str,
    redirect_uris: list[str],
    auth_method: str = "none",
    application_ids: list[UUID] | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Client, str]:
    """Create a tenant's own client, limited to some of its Applications where given. Raises Refused.

    Returns the client and its secret, shown once ('' when public).
    """
    registration = Registration(
        readable_name(name), _redirect_uris(redirect_uris), _auth_method(auth_method), list(CODE_GRANTS)
    )
    client, secret = _create(registration, tenant_id=tenant_id)
    for application_id in application_ids or []:
        ClientApplication.objects.create(tenant_id=tenant_id, client=client, application_id=application_id)
    ClientApproval.objects.create(
        tenant_id=tenant_id,
        client=client,
        status=ClientApproval.Status.APPROVED,
        first_seen_at=now,
        last_seen_at=now,
        decided_at=now,
        decided_by=actor.id,
    )
    _record(client, tenant_id, "client.registered", actor, now)
    return client, secret


def create_for_service_account(
    *, tenant_id: UUID, service_account_id: UUID, name: str, actor: Actor, now: datetime
) -> tuple[Client, str]:
    """Create the client with which a service account authenticates: client credentials only.

    Returns the client and its secret, shown once.
    """
    registration = Registration(readable_name(name), [], "client_secret_basic", ["client_credentials"])
    client, secret = _create(registration, tenant_id=tenant_id, service_account_id=service_account_id)
    _record(client, tenant_id, "client.registered", actor, now)
    return client, secret


def rotate_secret(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime) -> str:
    """Give a tenant's own confidential client a new secret; the old one stops at once. Returns it, shown once."""
    client = Client.objects.select_for_update().filter(tenant_id=tenant_id, pk=client_id).first()
    if client is None or client.client_type != Client.CLIENT_CONFIDENTIAL:
        raise NoSuchClient
    secret = new_secret("as_cs_")
    client.client_secret = secret
    client.save(update_fields=["client_secret", "updated"])
    _record(client, tenant_id, "client.secret_rotated", actor, now)
    return secret


def _create(registration: Registration, **fields: Any) -> tuple[Client, str]:
    public = registration.auth_method == "none"
    secret = "" if public else new_secret("as_cs_")
    client = Client(
        client_id=new_secret("as_cl_")[:38],
        client_secret=secret,
        client_type=Client.CLIENT_PUBLIC if public else Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS
        if fields.get("service_account_id")
        else Client.GRANT_AUTHORIZATION_CODE,
        token_endpoint_auth_method=registration.auth_method,
        grant_types=registration.grant_types,
        redirect_uris=" ".join(registration.redirect_uris),
        name=registration.name,
        client_uri=registration.client_uri,
        metadata=registration.kept,
        **fields,
    )
    client.save(force_insert=True)
    return client, secret


# --- the tenant's word ----------------------------------------------------------------------------


def approve(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Let a client in: whoever waits at its consent page goes on. Raises NoSuchClient."""
    return _decide(tenant_id, client_id, ClientApproval.Status.APPROVED, reason, actor, now)


def deny(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Shut a client out: its tokens for this tenant's Applications answer inactive from the next call on.

    Raises NoSuchClient.
    """
    return _decide(tenant_id, client_id, ClientApproval.Status.DENIED, reason, actor, now)


def _decide(
    tenant_id: UUID, client_id: UUID, status: str, reason: str, actor: Actor, now: datetime
) -> ClientApproval:
    client = Client.objects.filter(pk=client_id).first()
    if client is None or client.tenant_id not in (None, tenant_id):
        raise NoSuchClient
    approval, _ = ClientApproval.objects.select_for_update().get_or_create(
        tenant_id=tenant_id, client=client, defaults={"first_seen_at": now, "last_seen_at": now}
    )
    if approval.status == status and approval.decided_at:
        return approval
    before = approval.status
    approval.status, approval.reason = status, reason
    approval.decided_at, approval.decided_by = now, actor.id
    approval.save()
    _record(client, tenant_id, f"client.{status}", actor, now, reason, {"status": before}, {"status": status})
    return approval


def _record(
    client: Client,
    tenant_id: UUID,
    action: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        target_kind="client",
        target_id=client.pk,
        target_name=client.name or client.client_id,
        now=now,
        reason=reason,
        before=before,
        after=after,
    )


def set_policy(
    *,
    tenant_id: UUID,
    metadata_policy: str,
    registration_policy: str,
    allowed_hosts: list[str],
    actor: Actor,
    now: datetime,
) -> ClientPolicy:
    """Say which clients the tenant lets in without a word of its own, by how they came."""
    policy, _ = ClientPolicy.objects.select_for_update().get_or_create(tenant_id=tenant_id)
    wanted = {
        "metadata_policy": metadata_policy,
        "registration_policy": registration_policy,
        "allowed_hosts": allowed_hosts,
    }
    before = {name: getattr(policy, name) for name in wanted}
    if before == wanted:
        return policy
    for name, value in wanted.items():
        setattr(policy, name, value)
    policy.save()
    record(
        tenant_id=tenant_id,
        actor=actor,
        action="client_policy.changed",
        target_kind="tenant",
        target_id=tenant_id,
        target_name="",
        now=now,
        before=before,
        after=wanted,
    )
    return policy
