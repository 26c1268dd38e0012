"""A second opinion on effective access, written from the rules alone: plain lists, plain loops, no SQL.

Everything is a small record with times; a question is asked at one moment. Slow and obvious on purpose.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from authz.cedar import engine

# "Settings and the audit log" of Rule 7, by noun; every other noun is a member's to read.
SETTINGS = ("audit:", "org:", "team:", "billing:", "directory:", "providers:", "plan_tiers:")
SEES_ALL = {name for name in engine.actions() if name.endswith(":read")} | {"effective_access:own"}
READS = {name for name in SEES_ALL if not name.startswith(SETTINGS)}
GIVEN = {"readers": READS, "auditors": SEES_ALL}


@dataclass
class Span:
    """Something that is there from a moment on, until another, or for ever."""

    start: datetime
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclass
class App(Span):
    id: UUID = None
    enabled: bool = True
    verified: bool = True
    scopes: list[tuple[str, Span]] = field(default_factory=list)

    def understands(self, at: datetime) -> set[str]:
        return {name for name, span in self.scopes if span.holds(at)}


@dataclass
class RoleRow:
    id: UUID
    end: datetime | None
    scopes: list[tuple[str, Span]] = field(default_factory=list)
    console: list[tuple[str, Span]] = field(default_factory=list)
    tenant_groups: list[tuple[str, Span]] = field(default_factory=list)

    def gives(self, names: list[tuple[str, Span]], at: datetime) -> set[str]:
        archived = self.end is not None and self.end <= at
        return set() if archived else {name for name, span in names if span.holds(at)}

    def power(self, at: datetime, source: str = "direct") -> set[str]:
        """What it gives in the console: what it lists, and what its tenant groups bring. Nothing through a plan."""
        brought = [GIVEN[group] for group in self.gives(self.tenant_groups, at)]
        return set() if source == "plan" else self.gives(self.console, at).union(*brought)


@dataclass
class Crowd(Span):
    """A group with its members, or a service account with its operators."""

    id: UUID = None
    people: list[tuple[UUID, Span]] = field(default_factory=list)

    def has(self, user: UUID, at: datetime) -> bool:
        return self.holds(at) and any(who == user and span.holds(at) for who, span in self.people)


@dataclass
class Person:
    id: UUID
    membership: str | None = None
    end_user: str | None = None
    tier: UUID | None = None


@dataclass
class Bound:
    id: UUID
    role: UUID
    subject_kind: str
    subject: UUID
    app: UUID | None
    created: datetime
    ended: datetime | None = None
    mfa: bool = False
    mfa_max_age: timedelta = timedelta(days=30)
    ranges: tuple[str, ...] = ()
    not_before: datetime | None = None
    expires: datetime | None = None


@dataclass
class Question:
    kind: str
    subject: UUID | None
    at: datetime
    mfa_at: datetime | None
    ip: str | None


@dataclass
class Town:
    """A tenant, as the rules see it."""

    id: UUID
    open: bool = True
    apps: dict[UUID, App] = field(default_factory=dict)
    roles: dict[UUID, RoleRow] = field(default_factory=dict)
    groups: dict[UUID, Crowd] = field(default_factory=dict)
    accounts: dict[UUID, Crowd] = field(default_factory=dict)
    tiers: list[UUID] = field(default_factory=list)
    default_tier: UUID | None = None
    people: dict[UUID, Person] = field(default_factory=dict)
    bindings: list[Bound] = field(default_factory=list)

    def stands(self, q: Question) -> bool:
        """Rule 3."""
        if not self.open:
            return False
        if q.kind == "service_account":
            return self.accounts[q.subject].holds(q.at)
        person = self.people[q.subject]
        if "suspended" in (person.membership, person.end_user):
            return False
        return person.membership == "active" or person.end_user is not None

    def reaching(self, q: Question) -> list[tuple[Bound, str, UUID]]:
        """Rule 2: the bindings that reach a subject, each with its tag."""
        found = []
        for b in self.bindings:
            if b.created > q.at:
                continue
            if q.kind == "service_account":
                if b.subject_kind == "service_account" and b.subject == q.subject:
                    found.append((b, "direct", q.subject))
            elif b.subject_kind == "user" and b.subject == q.subject:
                found.append((b, "direct", q.subject))
            elif b.subject_kind == "group" and self.groups[b.subject].has(q.subject, q.at):
                found.append((b, "group", b.subject))
            elif b.subject_kind == "service_account" and self.accounts[b.subject].has(q.subject, q.at):
                found.append((b, "service-account", b.subject))
            elif b.subject_kind == "plan_tier" and b.subject == self.tier_of(q):
                found.append((b, "plan", b.subject))
        return found

    def tier_of(self, q: Question) -> UUID | None:
        if q.kind == "stranger":
            return self.default_tier
        return self.people[q.subject].tier

    def condition(self, b: Bound, q: Question) -> str:
        """Rule 4 without standing and support."""
        if b.ended is not None and b.ended <= q.at:
            return "ended"
        if b.expires is not None and b.expires <= q.at:
            return "expired"
        if b.not_before is not None and q.at < b.not_before:
            return "not_yet"
        inside = q.ip is not None and any(ip_address(q.ip) in ip_network(r) for r in b.ranges)
        if b.ranges and q.ip is not None and not inside:
            return "outside_ip"
        if b.mfa and (q.mfa_at is None or q.mfa_at < q.at - b.mfa_max_age):
            return "pending_step_up"
        if b.ranges and q.ip is None:
            return "missing_context"
        return "active"

    def state(self, b: Bound, q: Question) -> str:
        """Rule 4: the first that applies."""
        app = self.apps.get(b.app) if b.app else None
        there = app is not None and app.holds(q.at)
        if not self.stands(q) or (there and not app.enabled):
            return "suspended"
        condition = self.condition(b, q)
        if condition in ("ended", "expired", "not_yet"):
            return condition
        return condition if self.gives_something(b, q) else "unsupported"

    def gives_something(self, b: Bound, q: Question) -> bool:
        role = self.roles[b.role]
        if b.app and not self.apps[b.app].holds(q.at):
            return False
        if role.power(q.at, "plan" if b.subject_kind == "plan_tier" else "direct"):
            return True
        places = [self.apps[b.app]] if b.app else [app for app in self.apps.values() if app.holds(q.at)]
        return any(role.gives(role.scopes, q.at) & app.understands(q.at) for app in places)

    def entitled(self, app: UUID, q: Question) -> tuple[set[str], set[str]]:
        """Scope names that live bindings give on an Application: now, and after a second factor. No standing."""
        now, waiting = set(), set()
        for b, _, _ in self.reaching(q):
            if b.app not in (None, app):
                continue
            names = self.roles[b.role].gives(self.roles[b.role].scopes, q.at)
            condition = self.condition(b, q)
            if condition == "active":
                now |= names
            elif condition == "pending_step_up":
                waiting |= names
        return now, waiting - now

    def granted(self, app: UUID, q: Question, requested: set[str]) -> tuple[set[str], set[str]]:
        """Rule 5, with standing: what a token carries, and what waits for a second factor."""
        place = self.apps[app]
        if not self.stands(q) or not place.enabled or not place.holds(q.at):
            return set(), set()
        now, waiting = self.entitled(app, q)
        allowed = place.understands(q.at) & requested
        return now & allowed, waiting & allowed

    def closed_to(self, app: UUID, q: Question) -> bool:
        """An unverified Application serves the tenant's own active members, and its service accounts."""
        place = self.apps[app]
        if not place.enabled:
            return True
        return q.kind == "user" and not place.verified and self.people[q.subject].membership != "active"

    def arriving(
        self, app: UUID, q: Question, requested: set[str], admission: str
    ) -> tuple[set[str], set[str]]:
        """Rule 3 at the authorize page: absence passes where anyone is admitted, with the default plan tier."""
        person, place = self.people[q.subject], self.apps[app]
        if self.closed_to(app, q) or (admission == "members" and person.membership != "active"):
            return set(), set()
        if self.stands(q):
            return self.granted(app, q, requested)
        suspended = "suspended" in (person.membership, person.end_user)
        if suspended or not self.open or not place.holds(q.at) or admission != "anyone":
            return set(), set()
        person.tier = self.default_tier  # beside whatever reaches them already
        now, waiting = self.entitled(app, q)
        person.tier = None
        allowed = place.understands(q.at) & requested
        return now & allowed, waiting & allowed

    def consents(self, who: UUID) -> None:
        """Whoever consents and is no active member is an end user from then on."""
        person = self.people[who]
        if person.membership != "active" and person.end_user is None:
            person.end_user, person.tier = "active", self.default_tier

    def console(self, q: Question) -> set[tuple[str, UUID | None]]:
        """Console permissions of live bindings, with the Application they count on. No standing."""
        held = set()
        for b, source, _ in self.reaching(q):
            if self.condition(b, q) == "active":
                held |= {(name, b.app) for name in self.roles[b.role].power(q.at, source)}
        return held

    def enters_console(self, q: Question) -> bool:
        """Power counts for active members, whatever they are as consumers, and for accounts that haven't ended."""
        if q.kind == "service_account":
            return self.stands(q)
        return self.open and self.people[q.subject].membership == "active"
