"""The tenant's word on a client: let in, shut out, limited to some of its Applications or of their scopes.

Each counts from the next introspection on and takes nothing away for good: the same tokens come back with it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.secrets import digest
from authz.bindings import console_permissions_of
from authz.console import forbid_escalation
from authz.models import Application, Scope
from oauth.models import Client, ClientApproval, ClientLimit

Status = ClientApproval.Status
# What the log calls the tenant's word on a client of its own: it made it, so that it does not approve it.
OWN_WORDS = {Status.APPROVED: "client.enabled", Status.DENIED: "client.disabled"}
MOST_REACHED = 200


class NoSuchClient(Exception):
    """The tenant has no such client to decide on."""


class ChangedMeanwhile(Exception):
    """The client says something else of itself than what was looked at."""

    def __init__(self) -> None:
        super().__init__("It says something else of itself now than when you opened this. Look at it again.")


class BadLimit(Exception):
    """The limits name what is not there, or nothing. ``index``: which of them, None for all."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, order=True)
class Reach:
    """One thing that a limited client still reaches: an Application, or with ``scope`` that scope of it alone."""

    application_id: UUID
    scope: str = ""


def approve(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", seen: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Let a client in: whoever waits at its consent page goes on. Raises NoSuchClient, and ChangedMeanwhile where it
    is not any more what :func:`looks` gave as ``seen``: a client changes itself when it likes, while people read.

    Said again it says yes to what the client calls itself now. Letting a service account's client in again gives its
    power back to whoever has the secret: raises Escalation as :func:`oauth.clients.creation.rotate_secret` does.
    """
    client = Client.objects.filter(pk=client_id, tenant_id=tenant_id).first()
    if client and client.service_account_id:
        forbid_taking_over(tenant_id, client.service_account_id, actor, now)
    return _decide(tenant_id, client_id, Status.APPROVED, reason, actor, now, seen)


def deny(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Shut a client out: its tokens for this tenant's Applications answer inactive from the next call on.

    Raises NoSuchClient.
    """
    return _decide(tenant_id, client_id, Status.DENIED, reason, actor, now)


def _decide(
    tenant_id: UUID, client_id: UUID, status: str, reason: str, actor: Actor, now: datetime, seen: str = ""
) -> ClientApproval:
    client, approval = _locked(tenant_id, client_id, now)
    # What it says once nobody else decides or asks anew any more.
    client.refresh_from_db(fields=["name", "redirect_uris", "logo"])
    if seen and seen != looks(client):
        raise ChangedMeanwhile
    facts = judged(client)
    same = approval.status == status and approval.decided_at
    if same and (status == Status.DENIED or approval.judged in ({}, facts)):
        return approval
    before = approval.status
    approval.status, approval.reason, approval.judged = status, reason, facts
    approval.decided_at, approval.decided_by = now, actor.id
    approval.save()
    own = OWN_WORDS.get(Status(status)) if client.tenant_id and before in OWN_WORDS else None
    note(
        own or f"client.{status}",
        client,
        tenant_id,
        actor,
        now,
        reason=reason,
        before={"status": before},
        after={"status": status},
    )
    return approval


def limit(
    *,
    tenant_id: UUID,
    client_id: UUID,
    reach: Iterable[Reach],
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> ClientApproval:
    """Leave a client only what ``reach`` names; an Application that is registered later is not in it.

    Returns early when it is so already. Raises NoSuchClient, or BadLimit for what the tenant does not have, and for
    nothing: that is what :func:`deny` is for.
    """
    client, approval = _locked(tenant_id, client_id, now)
    wanted = _checked(tenant_id, list(reach))
    standing = _live(tenant_id, client_id)
    present = {Reach(row.application_id, row.scope): row for row in standing}
    if approval.limited_at and set(present) == wanted:
        return approval
    closed = [row.pk for key, row in present.items() if key not in wanted]
    ClientLimit.objects.filter(tenant_id=tenant_id, pk__in=closed).update(ended_at=now, ended_by=actor.id)
    ClientLimit.objects.bulk_create(
        ClientLimit(
            tenant_id=tenant_id,
            client=client,
            application_id=key.application_id,
            scope=key.scope,
            added_at=now,
            added_by=actor.id,
        )
        for key in sorted(wanted - set(present))
    )
    before = _written(present) if approval.limited_at else None
    approval.limited_at = approval.limited_at or now
    approval.save(update_fields=["limited_at"])
    note(
        "client.limited",
        client,
        tenant_id,
        actor,
        now,
        reason=reason,
        before={"limits": before},
        after={"limits": _written(wanted)},
    )
    return approval


def lift(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Take all limits off a client. Returns early when there are none. Raises NoSuchClient."""
    client, approval = _locked(tenant_id, client_id, now)
    if approval.limited_at is None:
        return approval
    standing = _live(tenant_id, client_id)
    before = _written(Reach(row.application_id, row.scope) for row in standing)
    standing.update(ended_at=now, ended_by=actor.id)
    approval.limited_at = None
    approval.save(update_fields=["limited_at"])
    note(
        "client.unlimited",
        client,
        tenant_id,
        actor,
        now,
        reason=reason,
        before={"limits": before},
        after={"limits": None},
    )
    return approval


def reach_of(tenant_id: UUID, client_ids: Iterable[UUID]) -> dict[UUID, list[Reach]]:
    """What each client's live limits name. Whether they count says ``limited_at``. One statement."""
    rows = ClientLimit.objects.filter(
        tenant_id=tenant_id, client_id__in=list(client_ids), ended_at__isnull=True
    )
    found: dict[UUID, list[Reach]] = {}
    for client_id, application_id, scope in rows.values_list("client_id", "application_id", "scope"):
        found.setdefault(client_id, []).append(Reach(application_id, scope))
    return {client_id: sorted(reach) for client_id, reach in found.items()}


def judged(client: Client) -> dict[str, Any]:
    """What a client says of itself and a person judges it by."""
    return {"name": client.name, "redirect_uris": sorted(client.redirect_uris.split()), "logo": client.logo}


def looks(client: Client) -> str:
    """What a client says of itself now as one short word, for a form that comes back: see :func:`approve`."""
    return digest(json.dumps(judged(client), sort_keys=True))[:32]


def forbid_taking_over(tenant_id: UUID, service_account_id: UUID, actor: Actor, now: datetime) -> None:
    """Raises Escalation when the account holds console permissions that the actor does not (Rule 7)."""
    given = console_permissions_of(tenant_id=tenant_id, service_account_id=service_account_id)
    forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=given, now=now)


def note(action: str, client: Client, tenant_id: UUID, actor: Actor, now: datetime, **more: Any) -> None:
    """Write down what was done about a client."""
    record(
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        target_kind="client",
        target_id=client.pk,
        target_name=client.name or client.client_id,
        about_id=client.service_account_id,
        now=now,
        **more,
    )


def _locked(tenant_id: UUID, client_id: UUID, now: datetime) -> tuple[Client, ClientApproval]:
    client = Client.objects.filter(pk=client_id).first()
    if client is None or client.tenant_id not in (None, tenant_id):
        raise NoSuchClient
    approval, _ = ClientApproval.objects.select_for_update().get_or_create(
        tenant_id=tenant_id, client=client, defaults={"first_seen_at": now, "last_seen_at": now}
    )
    return client, approval


def _live(tenant_id: UUID, client_id: UUID) -> Any:
    return ClientLimit.objects.filter(tenant_id=tenant_id, client_id=client_id, ended_at__isnull=True)


def _checked(tenant_id: UUID, named: list[Reach]) -> set[Reach]:
    """Without what a whole Application holds already."""
    if not named:
        raise BadLimit("Name what it may still reach, or deny it.")
    if len(named) > MOST_REACHED:
        raise BadLimit(f"At most {MOST_REACHED} Applications and scopes.")
    ids = {one.application_id for one in named}
    applications = Application.objects.filter(tenant_id=tenant_id, pk__in=ids, ended_at__isnull=True)
    scopes = Scope.objects.filter(tenant_id=tenant_id, application_id__in=ids, ended_at__isnull=True)
    known = {Reach(key) for key in applications.values_list("pk", flat=True)}
    known |= {Reach(*pair) for pair in scopes.values_list("application_id", "name")}
    for index, one in enumerate(named):
        if Reach(one.application_id) not in known:
            raise BadLimit("There is no such Application here.", index)
        if one not in known:
            raise BadLimit(f"The Application has no scope {one.scope}.", index)
    whole = {one.application_id for one in named if not one.scope}
    return {one for one in named if not one.scope or one.application_id not in whole}


def _written(reach: Iterable[Reach]) -> list[str]:
    return [f"{one.application_id} {one.scope}".strip() for one in sorted(reach)]
