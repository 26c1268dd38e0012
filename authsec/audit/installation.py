"""What concerns no tenant, written down all the same (Rule 11): how people sign in, and the installation's keys.

Such an event names an identity by its id and nobody by name. Its person reads it (``/account/activity/``); events
without an identity are read by whoever runs the server (``manage.py keys``). A tenant learns nothing of either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.actor import Actor
from authsec.audit.catalog import PLACE, Entry
from authsec.audit.models import InstallationEvent
from authsec.database.batches import in_batches
from authsec.database.context import system_context
from authsec.web.pagination import LIMIT, Page, paginate

KEPT = timedelta(days=400)  # of people; what concerns the installation is little, and stays
# In a sentence {after.key} and {before.key} are what was written down.
SENTENCES = {
    "identity.made": Entry("Account made", "You made this account", "user-plus", "ok"),
    "identity.deleted": Entry("Identity deleted", "You deleted your identity", "user-x", "stop"),
    "identity.joined": Entry(
        "Accounts put together", "You put another account of yours together with this one", "link"
    ),
    "signin.done": Entry("Signed in", "Signed in with {after.with}", "log-in"),
    "password.set": Entry("Password set", "A password was set", "key-round"),
    "password.changed": Entry("Password changed", "The password was changed", "key-round"),
    "password.reset": Entry(
        "Password set anew", "A new password was set by a mailed link", "key-round", "wait"
    ),
    "address.asked": Entry("Address asked for", "{after.to} was entered as the new address", "mail"),
    "address.confirmed": Entry(
        "Address confirmed", "The address {after.to} was confirmed", "mail-check", "ok"
    ),
    "address.changed": Entry(
        "Address changed", "The address was changed from {before.to} to {after.to}", "mail", "wait"
    ),
    "factor.added": Entry("Second factor added", "{after.kind} added{after.named}", "lock-keyhole", "ok"),
    "factor.removed": Entry(
        "Second factor removed", "{before.kind} removed{before.named}", "lock-keyhole-open", "stop"
    ),
    "codes.made": Entry(
        "Recovery codes made", "New recovery codes were made; older ones count no more", "list-checks"
    ),
    "codes.used": Entry("Recovery code used", "A recovery code was used up", "list-checks", "wait"),
    "browser.trusted": Entry(
        "Browser trusted", "This browser is not asked for the second factor any more", "monitor-check", "wait"
    ),
    "browser.forgotten": Entry("Browser asked again", "Trust in browsers was taken back", "monitor"),
    "sessions.ended": Entry(
        "Signed out elsewhere", "Other sessions were signed out: {after.sessions}", "log-out"
    ),
    "api.allowed": Entry(
        "Management API allowed",
        "{after.client} was allowed to use the management API: {after.scopes}",
        "plug",
        "ok",
    ),
    "api.taken": Entry(
        "Management API taken", "The management API was taken from {before.clients}", "unplug", "stop"
    ),
    "tokens.returned": Entry(
        "Tokens given back", "{after.client} gave its tokens of the management API back", "circle-x"
    ),
    "tokens.replayed": Entry(
        "Replay stopped",
        "A used {after.what} of {after.client} came back, which ended its tokens of the management API",
        "shield-alert",
        "stop",
    ),
    "keys.made": Entry("Signing keys made", "Signing keys were made", "key-round"),
    "keys.rotated": Entry("Signing keys rotated", "Signing keys were rotated", "refresh-cw"),
    "keys.encrypted": Entry("Secrets encrypted anew", "What is encrypted was encrypted anew", "lock-keyhole"),
    "administrator.named": Entry(
        "Administrator named", "You were made an administrator of this installation", "user-cog"
    ),
}


@dataclass(frozen=True)
class Line:
    """An event in words. ``agent``: what the browser said of itself."""

    action: str
    sentence: str
    icon: str
    tone: str
    at: datetime
    ip: str | None
    agent: str


def note(
    *,
    action: str,
    actor: Actor,
    now: datetime,
    identity_id: UUID | None = None,
    agent: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down one action, in the transaction that does it. ``action`` is a key of SENTENCES; never a secret."""
    InstallationEvent(
        identity_id=identity_id,
        at=now,
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        ip=actor.ip,
        agent=agent,
        via=actor.via,
        request_id=actor.request_id,
        before=before,
        after=after,
    ).save(force_insert=True)


def page_of(identity_id: UUID, *, cursor: str = "", limit: int = LIMIT) -> Page[InstallationEvent]:
    """What concerns one person, newest first. Raises BadCursor."""
    with system_context():
        return paginate(_of(identity_id), column="at", cursor=cursor, limit=limit)


def latest_of(identity_id: UUID | None, *, limit: int) -> list[InstallationEvent]:
    """The newest of one person, or of the installation. One statement."""
    with system_context():
        return list(_of(identity_id).order_by("-at", "-id")[:limit])


def in_words(event: InstallationEvent) -> Line:
    """An event as its person reads it. An action of another version still reads, as its bare name."""
    entry = SENTENCES.get(event.action) or Entry(event.action, event.action)
    known: dict[str, dict[str, Any]] = {"before": event.before or {}, "after": event.after or {}}
    sentence = PLACE.sub(lambda place: str(known[place[1]].get(place[2], "")), entry.sentence)
    return Line(event.action, sentence, entry.icon, entry.tone, event.at, event.ip, event.agent)


def forget(identity_id: UUID) -> None:
    """Delete what concerns one person, who deletes their identity."""
    with system_context():
        _of(identity_id).delete()


def delete_old(*, now: datetime, batch: int = 5_000) -> int:
    """Delete what concerns people and is older than KEPT, ``batch`` a transaction. Returns how many."""
    return in_batches(OLD, {"before": now - KEPT}, batch=batch)


OLD = """
delete from audit_installationevent where ctid in (
  select ctid from audit_installationevent where identity_id is not null and at < %(before)s order by at limit %(batch)s
  for update skip locked)
"""


def _of(identity_id: UUID | None) -> QuerySet[InstallationEvent]:
    return InstallationEvent.objects.filter(identity_id=identity_id)
