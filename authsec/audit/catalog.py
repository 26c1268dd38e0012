"""Every action that is recorded, as a sentence. A context that records a new one adds its line here.

In a sentence ``{actor}`` and ``{target}`` are the names in the event, ``{before.key}`` and ``{after.key}`` what
changed. Names are shown strong and are always escaped.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from authsec.audit.models import Event

PLACE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass(frozen=True)
class Entry:
    """``title`` names the action in a filter; ``icon`` is Lucide's; ``tone`` is empty, ok, wait or stop."""

    title: str
    sentence: str
    icon: str = "circle-dot"
    tone: str = ""


CATALOG = {
    # tenants
    "tenant.opened": Entry("Tenant opened", "{actor} opened {target}", "plus"),
    "tenant.renamed": Entry("Tenant renamed", "{actor} renamed {before.name} to {after.name}", "pencil"),
    "tenant.second_factor_required": Entry(
        "Second factor required",
        "{actor} asked the team of {target} for a second factor within {after.grace_days} days",
        "lock-keyhole",
    ),
    "tenant.second_factor_released": Entry(
        "Second factor not required",
        "{actor} asks the team of {target} for a second factor no longer",
        "lock-keyhole-open",
        "wait",
    ),
    "tenant.slug_changed": Entry(
        "Slug changed", "{actor} changed the slug from {before.slug} to {after.slug}", "link"
    ),
    "tenant.plan_changed": Entry(
        "Plan changed", "{actor} moved {target} from {before.plan} to {after.plan}", "layers"
    ),
    "tenant.closed": Entry("Tenant closed", "{actor} closed {target}", "power-off", "stop"),
    "tenant.reopened": Entry("Tenant reopened", "{actor} opened {target} again", "power", "ok"),
    "transfer.offered": Entry("Ownership offered", "{actor} offered the tenant to {target}", "handshake"),
    "transfer.accepted": Entry(
        "Ownership handed over", "{target} took the tenant over from {after.from}", "handshake", "ok"
    ),
    "transfer.declined": Entry("Ownership declined", "{target} declined to own the tenant", "handshake"),
    "transfer.cancelled": Entry(
        "Offer of ownership ended", "{actor} ended the offer of the tenant to {target}", "handshake", "stop"
    ),
    "member.added": Entry("Member added", "{target} joined the team as {after.type}", "user-plus", "ok"),
    "member.suspended": Entry("Member suspended", "{actor} suspended member {target}", "ban", "stop"),
    "member.reactivated": Entry("Member reactivated", "{actor} reactivated member {target}", "rotate-ccw"),
    "member.type_changed": Entry(
        "Member type changed", "{actor} changed {target} from {before.type} to {after.type}", "user-cog"
    ),
    "member.removed": Entry("Member removed", "{actor} removed {target} from the team", "user-minus", "stop"),
    "member.left": Entry("Member left", "{target} left the team", "log-out"),
    "invitation.sent": Entry("Invitation sent", "{actor} invited {target} as {after.type}", "mail"),
    "invitation.resent": Entry(
        "Invitation sent again", "{actor} sent {target} a new invitation as {after.type}", "mail"
    ),
    "invitation.revoked": Entry(
        "Invitation revoked", "{actor} took back the invitation of {target}", "mail-x", "stop"
    ),
    "invitation.accepted": Entry(
        "Invitation accepted", "{actor} accepted the invitation of {target}", "mail-check", "ok"
    ),
    "invitation.declined": Entry(
        "Invitation declined", "{target} declined the invitation", "mail-minus", "stop"
    ),
    "identity.deleted": Entry(
        "Identity deleted", "{target} deleted their identity; the name is a pseudonym", "user-x", "stop"
    ),
    # end users
    "end_user.appeared": Entry("End user appeared", "{target} became an end user", "user-plus"),
    "end_user.suspended": Entry("End user suspended", "{actor} suspended {target}", "ban", "stop"),
    "end_user.reactivated": Entry("End user reactivated", "{actor} reactivated {target}", "rotate-ccw"),
    "end_user.tier_changed": Entry(
        "Plan tier changed",
        "{actor} moved {target} from {before.plan_tier_name} to {after.plan_tier_name}",
        "layers",
    ),
    "end_user.rate_limit_set": Entry(
        "Rate limit set",
        "{actor} gave {target} a limit of {after.limit} calls in {after.window_s} s",
        "gauge",
    ),
    "end_user.rate_limit_cleared": Entry(
        "Rate limit cleared", "{actor} gave {target} the plan tier’s rate limit back", "gauge"
    ),
    "plan_tier.created": Entry("Plan tier created", "{actor} created the plan tier {target}", "layers"),
    "plan_tier.edited": Entry("Plan tier edited", "{actor} changed the plan tier {target}", "layers"),
    "plan_tier.made_default": Entry(
        "Default plan tier changed",
        "{actor} made {target} the default plan tier, before {before.plan_tier_name}",
        "layers",
    ),
    "plan_tier.retired": Entry(
        "Plan tier retired", "{actor} retired the plan tier {target}", "archive", "stop"
    ),
    "end_users.bulk_asked": Entry(
        "Bulk action started", "{actor} started “{after.deed}” for {target}", "list-checks"
    ),
    "end_users.imported": Entry(
        "Tiers and statuses imported",
        "{actor} imported {target}: {after.changing} of {after.lines} lines change somebody",
        "upload",
    ),
    "end_users.exported": Entry("End users exported", "{actor} exported {after.people} {target}", "download"),
    "end_users.downloaded": Entry(
        "Export of end users downloaded", "{actor} downloaded {target}", "download"
    ),
    # authorization
    "application.registered": Entry(
        "Application registered", "{actor} registered Application {target}", "server"
    ),
    "application.updated": Entry("Application changed", "{actor} changed Application {target}", "server"),
    "application.scopes_changed": Entry(
        "Scopes changed", "{actor} changed the scopes of {target}", "key-round"
    ),
    "application.tools_published": Entry(
        "Tools published", "{target} published {after.tools} tools, before {before.tools}", "hammer"
    ),
    "application.tool_decided": Entry(
        "Tool decided", "{actor} decided who may call {after.tool} of {target}", "hammer"
    ),
    "application.verified": Entry(
        "Address verified", "{actor} verified the address of {target}", "badge-check", "ok"
    ),
    "application.proof_missed": Entry(
        "Proof of an address missed",
        "The proof of the address of {target} was not found",
        "badge-alert",
        "stop",
    ),
    "application.verification_lost": Entry(
        "Address lost", "{target} lost its verified address to a stronger proof", "badge-x", "stop"
    ),
    "application.disabled": Entry(
        "Application disabled", "{actor} disabled Application {target}", "power-off", "stop"
    ),
    "application.enabled": Entry("Application enabled", "{actor} enabled Application {target}", "power"),
    "application.archived": Entry(
        "Application archived", "{actor} archived Application {target}", "archive", "stop"
    ),
    "role.created": Entry("Role created", "{actor} created role {target}", "shield-check"),
    "role.edited": Entry("Role changed", "{actor} changed role {target}", "shield-check"),
    "role.archived": Entry("Role archived", "{actor} archived role {target}", "archive", "stop"),
    "group.created": Entry("Group created", "{actor} created group {target}", "users-round"),
    "group.edited": Entry("Group changed", "{actor} changed group {target}", "users-round"),
    "group.access_ended": Entry(
        "Access of a group ended",
        "{actor} ended all access of {target}; bindings: {before.bindings}",
        "unlink",
        "stop",
    ),
    "group.archived": Entry("Group archived", "{actor} archived group {target}", "archive", "stop"),
    "group.member_added": Entry("Added to a group", "{actor} added {after.user} to {target}", "user-plus"),
    "group.member_removed": Entry(
        "Removed from a group", "{actor} took {before.user} out of {target}", "user-minus", "stop"
    ),
    "binding.created": Entry("Role bound", "{actor} bound {target}", "link"),
    "binding.changed": Entry("Binding changed", "{actor} changed the conditions of {target}", "link"),
    "binding.ended": Entry("Binding ended", "{actor} ended {target}", "unlink", "stop"),
    "service_account.created": Entry(
        "Service account created", "{actor} created service account {target}", "bot"
    ),
    "service_account.edited": Entry(
        "Service account changed", "{actor} changed service account {target}", "bot"
    ),
    "service_account.ended": Entry(
        "Service account ended", "{actor} ended service account {target}", "bot", "stop"
    ),
    "service_account.operator_added": Entry(
        "Operator named", "{actor} made {after.user} an operator of {target}", "bot"
    ),
    "service_account.operator_removed": Entry(
        "Operator removed", "{actor} took {target} out of the hands of {before.user}", "bot", "stop"
    ),
    # OAuth
    "consent.given": Entry(
        "Consent given", "{target} allowed {after.client} to use {after.application}", "plug", "ok"
    ),
    "consent.changed": Entry(
        "Consent changed", "{target} changed what {after.client} may do on {after.application}", "plug"
    ),
    "consent.withdrawn": Entry(
        "Consent withdrawn", "{actor} cut {before.client} off from {before.application}", "unplug", "stop"
    ),
    "client.registered": Entry("Client registered", "{actor} registered client {target}", "plug"),
    "client.edited": Entry("Client changed", "{actor} changed client {target}", "plug"),
    "client.closed": Entry("Client closed", "{actor} closed client {target}", "unplug", "stop"),
    "client.secret_rotated": Entry(
        "Client secret rotated", "{actor} gave client {target} a new secret", "key-round"
    ),
    "client.old_secret_ended": Entry(
        "Old secret ended", "{actor} ended the old secret of client {target}", "key-round", "stop"
    ),
    "client.keys_set": Entry("Client keys set", "{actor} set the keys of client {target}", "key-round"),
    "client.keys_removed": Entry(
        "Client keys removed", "{actor} removed the keys of client {target}", "key-round", "stop"
    ),
    "client.approved": Entry("Client approved", "{actor} approved client {target}", "check", "ok"),
    "client.denied": Entry("Client denied", "{actor} denied client {target}", "ban", "stop"),
    "client.disabled": Entry("Client disabled", "{actor} disabled client {target}", "power-off", "stop"),
    "client.enabled": Entry("Client reactivated", "{actor} reactivated client {target}", "check", "ok"),
    "client.limited": Entry(
        "Client limited", "{actor} limited what client {target} reaches", "list-filter", "stop"
    ),
    "client.unlimited": Entry(
        "Client limits lifted", "{actor} lifted the limits of client {target}", "check"
    ),
    "client_policy.changed": Entry(
        "Client policy changed", "{actor} changed which clients are let in", "settings-2"
    ),
    "credential.issued": Entry("Credential issued", "{actor} issued a credential for {target}", "key-round"),
    "credential.ended": Entry(
        "Credential ended", "{actor} ended a credential of {target}", "key-round", "stop"
    ),
    "tokens.revoked": Entry("Tokens revoked", "{actor} revoked the tokens of {target}", "circle-x", "stop"),
    "token.revoked": Entry(
        "Token revoked",
        "{actor} revoked a token of {target} at {after.client} for {after.application}",
        "circle-x",
        "stop",
    ),
    "token.session_ended": Entry(
        "Session of a client ended",
        "{actor} ended {target}’s session at {after.client} for {after.application}",
        "circle-x",
        "stop",
    ),
    "tokens.returned": Entry("Tokens given back", "{actor} gave back its tokens of {target}", "circle-x"),
    "tokens.replayed": Entry(
        "Replay stopped",
        "A used {after.what} of {target} at {after.client} came back, which ended the tokens",
        "shield-alert",
        "stop",
    ),
    "team.exported": Entry("Team exported", "{actor} exported {after.people} people of {target}", "download"),
    "who_has.exported": Entry(
        "Holders exported", "{actor} exported who has {target}: {after.people} people", "download"
    ),
    "who_has.downloaded": Entry(
        "Export downloaded", "{actor} downloaded an export of who has {target}", "download"
    ),
    "usage.exported": Entry(
        "Usage exported", "{actor} exported who used {target}: {after.tokens} tokens", "download"
    ),
    "usage.downloaded": Entry(
        "Export downloaded", "{actor} downloaded an export of who used {target}", "download"
    ),
    # this log
    "audit.exported": Entry(
        "Audit log exported", "{actor} exported {after.events} events of {target}", "download"
    ),
    "audit.downloaded": Entry("Export downloaded", "{actor} downloaded {target}", "download"),
}


@dataclass(frozen=True)
class Line:
    """An event as a timeline shows it. ``payload`` is everything that was recorded, as indented JSON."""

    event: Event
    title: str
    sentence: SafeString
    icon: str
    tone: str
    reason: str
    at: datetime
    payload: str

    @property
    def capacity(self) -> str:
        """As what the actor did it: the member type, else the kind of actor."""
        return (self.event.actor_capacity or self.event.actor_kind).replace("_", " ")


def describe(event: Event) -> Line:
    """Turn an event into a line. An action without an entry still reads, as its bare name."""
    entry = _entry(event)
    return Line(
        event,
        entry.title,
        _sentence(entry.sentence, event),
        entry.icon,
        entry.tone,
        event.reason,
        event.at,
        _payload(event),
    )


def plain_sentence(event: Event) -> str:
    """The event as a sentence without markup, for files."""
    return "".join(part for part, _ in _parts(_entry(event).sentence, event))


def _entry(event: Event) -> Entry:
    return CATALOG.get(event.action) or Entry(event.action, "{actor}: " + event.action + " {target}")


def _parts(text: str, event: Event) -> Iterator[tuple[str, bool]]:
    """The sentence in pieces: the text, and whether it is a name."""
    named = {"actor": event.actor_name or "Somebody", "target": event.target_name or str(event.target_id)}
    changed: dict[str, dict[str, Any]] = {"before": event.before or {}, "after": event.after or {}}
    end = 0
    for place in PLACE.finditer(text):
        word, key = place.groups()
        value = changed[word].get(key, "—") if key else named[word]
        yield text[end : place.start()], False
        yield str(value).replace("_", " ") if key else str(value), True
        end = place.end()
    yield text[end:], False


def _sentence(text: str, event: Event) -> SafeString:
    return format_html_join(
        "", "{}", ((format_html("<b>{}</b>", part) if name else part,) for part, name in _parts(text, event))
    )


def _payload(event: Event) -> str:
    kept = {
        "id": str(event.id),
        "action": event.action,
        "at": event.at.isoformat(),
        "actor": {
            "kind": event.actor_kind,
            "id": event.actor_id and str(event.actor_id),
            "name": event.actor_name,
            "as": event.actor_capacity,
        },
        "target": {
            "kind": event.target_kind,
            "id": event.target_id and str(event.target_id),
            "name": event.target_name,
        },
        "from": {"ip": event.ip, "via": event.via, "request_id": event.request_id},
        "policies": event.policies,
        "before": event.before,
        "after": event.after,
    }
    return json.dumps(kept, indent=2, ensure_ascii=False)
