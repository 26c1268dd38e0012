"""The verbs of proof: an Application's resource URI is verified, loses that to a stronger claim, is looked at again.

A verified address serves everybody; an unverified one the tenant's own active members.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import system_context, tenant_context
from authz.application_past import gate_of, remember
from authz.applications import note
from authz.models import Application
from authz.resource_uri import is_loopback
from oauth import proof, proof_mail, throttle
from oauth.documents.clients import IN_FLIGHT
from oauth.proof import Evidence, Finding

Proof = Application.Proof
CHECKED_EVERY = timedelta(hours=24)
MOST_A_RUN = 500


class NoSuchApplication(Exception):
    """The tenant has no such Application, or it is archived."""


class NotProved(Exception):
    """Nothing shows that the address is this tenant's; the message says what was looked for and missed."""


class Taken(Exception):
    """Another tenant has verified the address, and what is found there still stands for them."""


class Busy(Exception):
    """Too many checks at once, or too many of this address; ask again in ``retry_after`` seconds."""

    retry_after = 20


def verify(*, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime) -> Application:
    """Look for a proof and write down what came of it. Asks the outside: call it where no transaction is open.

    An Application that is verified stays so when nothing is found, with ``failing_since`` for its operators to see.
    Raises NoSuchApplication, NotProved, Taken or Busy.
    """
    found = _read(tenant_id, application_id)
    if settings.DEVELOPMENT and is_loopback(found.resource_uri) and _holder(found) is None:
        return _settle(found, Finding(Proof.LOOPBACK), None, actor, now)
    evidence = _gather(found)
    finding = proof.judge(evidence, found.pk)
    settled = _settle(found, finding, evidence, actor, now)
    if not finding.proof:
        raise NotProved(finding.problem)
    if settled.verified_at is None:
        raise Taken(settled.check_problem)
    return settled


def recheck_due(*, now: datetime) -> tuple[int, int]:
    """Look again at addresses verified a day ago; returns how many were looked at and how many missed their proof.

    What is missed is written down, said on the Application's page and, the first time, by a letter to those who run
    it. Nothing else happens: a document that is away for an hour must not lock thousands of people out. At most
    MOST_A_RUN.
    """
    with system_context():
        due = list(
            Application.objects.filter(
                verified_at__isnull=False, ended_at=None, status=Application.Status.ENABLED
            )
            .exclude(verified_by=Proof.LOOPBACK)
            .exclude(checked_at__gt=now - CHECKED_EVERY)
            .order_by("checked_at")[:MOST_A_RUN]
        )
    missed = 0
    for application in due:
        evidence = proof.gather(application.resource_uri)
        finding = proof.judge(evidence, application.pk)
        try:
            _settle(application, finding, evidence, SYSTEM, now)
        except NotProved:  # archived, or given another address, while the old one was looked at
            continue
        missed += not finding.proof
    return len(due), missed


def _read(tenant_id: UUID, application_id: UUID) -> Application:
    with tenant_context(tenant_id):
        found: Application | None = Application.objects.filter(
            tenant_id=tenant_id, pk=application_id, ended_at=None
        ).first()
    if found is None:
        raise NoSuchApplication
    return found


def _gather(application: Application) -> Evidence:
    host = urlsplit(application.resource_uri).netloc
    if not throttle.hit("proof", str(application.pk)) or not throttle.hit("proof_host", host):
        raise Busy("This address was looked at several times just now. Try again in a minute.")
    if not IN_FLIGHT.acquire(blocking=False):
        raise Busy("Another address is being looked at just now. Try again in a few seconds.")
    try:
        return proof.gather(application.resource_uri)
    finally:
        IN_FLIGHT.release()


def _holder(application: Application) -> Application | None:
    """The other Application that has this address verified, whoever's it is. Only to compare, never to show."""
    with system_context():
        found: Application | None = (
            Application.objects.filter(
                resource_uri=application.resource_uri, verified_at__isnull=False, ended_at=None
            )
            .exclude(pk=application.pk)
            .first()
        )
    return found


def _settle(
    application: Application, finding: Finding, evidence: Evidence | None, actor: Actor, now: datetime
) -> Application:
    """Write down what was found, and settle it with whoever else has the address verified."""
    with system_context():
        same = Application.objects.filter(resource_uri=application.resource_uri, ended_at=None)
        rows = list(same.select_for_update(no_key=True).order_by("pk"))
        row = next((row for row in rows if row.pk == application.pk), None)
        if row is None:
            raise NotProved("The address was changed in the meantime. Look again.")
        holder = next((other for other in rows if other.verified_at and other.pk != row.pk), None)
        if finding.proof and holder is not None:
            theirs = proof.held(evidence, holder.pk, holder.verified_by) if evidence else finding.strength
            if finding.strength <= theirs:
                return _write(row, Finding(proof.NONE, _way_out(finding, row)), actor, now)
            _lose(holder, now)
        return _write(row, finding, actor, now)


def _lose(holder: Application, now: datetime) -> None:
    """Take the address from an Application that somebody outdid. Whose the stronger proof is stays unsaid."""
    gate, before = gate_of(holder), {"verified_by": holder.verified_by}
    holder.verified_at = holder.failing_since = None
    holder.verified_by, holder.checked_at = "", now
    holder.check_problem = (
        "A stronger proof was found for somebody else. If the address is yours, prove it by name."
    )
    _save(holder)
    remember(holder, gate, now)
    note("application.verification_lost", holder, SYSTEM, now, before=before, after={"verified_by": None})
    proof_mail.tell_later(holder)


def _way_out(finding: Finding, row: Application) -> str:
    if finding.strength > proof.STRENGTH[Proof.DOCUMENT]:
        return (
            "Another tenant has verified this address, and what is found there names both of you. "
            "Take out what names the other Application, and look again."
        )
    name = proof.record_name(row.resource_uri)
    record = f"a TXT record {name} with {proof.record_value(row.pk)}" if name else ""
    member = f"“{proof.MEMBER}”: “{row.pk}” in the document"
    return (
        "Another tenant has verified this address, and what is found there still stands for them. "
        f"If it is yours, say so by name: {' or '.join(way for way in (record, member) if way)}. Then look again."
    )


def _write(row: Application, finding: Finding, actor: Actor, now: datetime) -> Application:
    gate, before = gate_of(row), {"verified_by": row.verified_by or None}
    failed_before, row.checked_at = row.failing_since is not None, now
    if finding.proof:
        changed = row.verified_at is None
        row.verified_at, row.verified_by = row.verified_at or now, finding.proof
        row.failing_since, row.check_problem = None, ""
        _save(row)
        remember(row, gate, now)
        if changed:
            note(
                "application.verified", row, actor, now, before=before, after={"verified_by": row.verified_by}
            )
        return row
    row.check_problem = finding.problem[:500]
    if row.verified_at is not None:
        row.failing_since = row.failing_since or now
    _save(row)
    if row.verified_at is not None and not failed_before:
        note("application.proof_missed", row, actor, now, before=before, after={"problem": row.check_problem})
        proof_mail.tell_later(row)
    return row


def _save(row: Application) -> None:
    row.save(update_fields=["verified_at", "verified_by", "checked_at", "check_problem", "failing_since"])
