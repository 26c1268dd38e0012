"""Which clients a tenant lets in without a word of its own: open, review, or an allow-list of hosts, by how they came.

A policy decides about the next authorization; connections that people have go on. The tenant's word on a client
(:mod:`oauth.clients.approvals`) counts before it, and from the next introspection on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, TextChoices

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from oauth.clients.redirects import LOOPBACK, NOT_PRIVATE, PRIVATE_SCHEME, destination
from oauth.models import Client, ClientApproval, ClientPolicy

Policy = ClientPolicy.Policy
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"{LABEL}(\.{LABEL})*")
BELOW = re.compile(rf"\*\.{LABEL}(\.{LABEL})+")  # *.com would be everybody
MOST_HOSTS = 200
READ = 1_000  # clients, the latest, that an allow-list is compared with here and a change of policy tried on
EXAMPLES = 3


class BadHost(ValueError):
    """An entry that an allow-list cannot have. The message says which and why."""


class ClientStatus(TextChoices):
    """What happens when a client asks now: the tenant's word or, without one, what its policy says."""

    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    PENDING = "pending", "Pending"
    OPEN = "open", "Open"
    LISTED = "listed", "Listed"
    UNLISTED = "unlisted", "Not listed"


def of_tenant(tenant_id: UUID) -> ClientPolicy:
    """The tenant's policy; open where it never chose. One statement."""
    return ClientPolicy.objects.filter(tenant_id=tenant_id).first() or ClientPolicy(tenant_id=tenant_id)


def rule_for(client: Client, policy: ClientPolicy) -> str:
    """The rule of a policy that a client of the installation falls under."""
    by_document = client.registration_source == Client.RegistrationSource.CIMD
    return policy.metadata_policy if by_document else policy.registration_policy


# --- hosts ----------------------------------------------------------------------------------------


def read_host(text: str) -> str:
    """One entry of an allow-list as it is kept. Raises BadHost.

    ``claude.ai`` is that host alone, ``*.example.com`` every host below it but not itself, ``localhost`` any program
    on the person's computer, ``cursor:`` with its colon the programs of a private-use scheme (RFC 8252 §7.1).
    """
    entry = text.strip().lower().rstrip(".")
    if entry.strip("[]") in LOOPBACK:
        return "localhost"
    scheme = entry.removesuffix(":")
    if scheme != entry and PRIVATE_SCHEME.fullmatch(scheme) and scheme not in {*NOT_PRIVATE, "http", "https"}:
        return entry
    if not entry.isascii():
        try:
            entry = entry.encode("idna").decode()
        except UnicodeError as error:
            raise BadHost(f"{text.strip()} is not a host name.") from error
    if len(entry) > 253 or not (HOST.fullmatch(entry) or BELOW.fullmatch(entry)):
        if "/" in entry or ":" in entry:
            raise BadHost(f"{text.strip()} is more than a host name: leave out scheme, port and path.")
        raise BadHost(
            f"{text.strip()} is not a host name. Write claude.ai, or *.example.com for all below it."
        )
    return entry


def is_listed(place: str, entries: Iterable[str]) -> bool:
    """Whether an allow-list holds a place: a document's host, or where an answer goes (``Destination.place``)."""
    return any(
        place == entry
        or (entry.startswith("*.") and place.endswith(entry[1:]))
        or (place == "localhost" and entry in LOOPBACK)
        for entry in entries
    )


def places_of(client: Client) -> list[str]:
    """What an allow-list compares of a client: its document's host or, without one, where its answers may go."""
    if host := client.document_host:
        return [host]
    return list(dict.fromkeys(destination(uri).place for uri in client.redirect_uris.split()))


# --- what happens when a client asks --------------------------------------------------------------


def let_in(row: ClientApproval, policy: ClientPolicy) -> ClientStatus:
    """What happens when this client asks now.

    A pending row of a tenant whose policy is open only notes that the client was seen. A client of several redirect
    hosts is listed if one of them is; it is that one where it gets in.
    """
    if row.status != ClientApproval.Status.PENDING:
        return ClientStatus(row.status)
    return unsaid(row.client, policy)


def unsaid(client: Client, policy: ClientPolicy) -> ClientStatus:
    """What a policy alone says of a client."""
    rule = rule_for(client, policy)
    if rule == Policy.OPEN:
        return ClientStatus.OPEN
    if rule == Policy.REVIEW:
        return ClientStatus.PENDING
    listed = any(is_listed(place, policy.allowed_hosts) for place in places_of(client))
    return ClientStatus.LISTED if listed else ClientStatus.UNLISTED


def with_status(
    rows: QuerySet[ClientApproval], status: str, policy: ClientPolicy
) -> QuerySet[ClientApproval]:
    """Those of ``rows`` of which :func:`let_in` says ``status``: decided in the statement, but for the allow-list,
    which is compared here with the hosts of the READ that were seen last.
    """
    if status in (ClientStatus.APPROVED, ClientStatus.DENIED):
        return rows.filter(status=status)
    pending = rows.filter(status=ClientApproval.Status.PENDING)
    if status in (ClientStatus.LISTED, ClientStatus.UNLISTED):
        if Policy.ALLOW_LIST not in (policy.metadata_policy, policy.registration_policy):
            return rows.none()
        asked = pending.select_related("client").order_by("-last_seen_at", "-id")[:READ]
        return rows.filter(pk__in=[row.pk for row in asked if unsaid(row.client, policy) == status])
    rule = Policy.OPEN if status == ClientStatus.OPEN else Policy.REVIEW
    document = Q(client__registration_source=Client.RegistrationSource.CIMD)
    meant = Q(pk__in=[])
    if policy.metadata_policy == rule:
        meant |= document
    if policy.registration_policy == rule:
        meant |= ~document
    return pending.filter(meant)


@dataclass(frozen=True)
class Move:
    """Clients that another policy would treat otherwise. ``names`` are some of them."""

    before: str
    after: str
    count: int
    names: list[str]


def moves(tenant_id: UUID, present: ClientPolicy, wanted: ClientPolicy) -> list[Move]:
    """Whom a change of policy would affect at the next authorization, of the READ clients seen last. One statement.

    ``before`` and ``after``: in, waits or out.
    """
    said = {ClientStatus.PENDING: "waits", ClientStatus.UNLISTED: "out"}
    rows = ClientApproval.objects.filter(
        tenant_id=tenant_id, status=ClientApproval.Status.PENDING, client__tenant__isnull=True
    ).select_related("client")
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows.order_by("-last_seen_at", "-id")[:READ]:
        change = tuple(said.get(unsaid(row.client, policy), "in") for policy in (present, wanted))
        if change[0] != change[1]:
            found.setdefault(change, []).append(row.client.name or row.client.client_id)  # type: ignore[arg-type]
    return [Move(*change, len(names), names[:EXAMPLES]) for change, names in found.items()]


def set_policy(
    *,
    tenant_id: UUID,
    metadata_policy: str,
    registration_policy: str,
    allowed_hosts: list[str],
    actor: Actor,
    now: datetime,
) -> ClientPolicy:
    """Say which clients the tenant lets in without a word of its own, by how they came.

    ``allowed_hosts`` as :func:`read_host` gives them.
    """
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
