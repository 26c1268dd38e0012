"""What if, with the tokens that are out: how many carry what would be lost, and what they would answer then.

A token is asked about with its own sign-in (second factor, address), as introspection does; what somebody could ask
for anew is the difference's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authz.what_if.difference import Difference, Shift
from authz.what_if.held import Moment, Who
from authz.what_if.simulate import Beside, simulate

USED_FOR = timedelta(days=30)
MOST_TOKENS = 5_000  # of the subjects of one answer

# The same functions that introspection and issue ask; a token of a chain holds what the whole chain leaves it.
TOKENS = """
select k.id, k.subject, k.audience_id, string_to_array(k.scope, ' '),
       t.standing = '' and (k.source_token_id is null
         or delegation_holds(%(tenant)s, k.audience_id, k.act, k.source_token_id, %(at)s)),
       case when k.source_token_id is null then held.names
            else delegation_keeps(%(tenant)s, k.audience_id, k.source_token_id, held.names) end
  from oauth_accesstoken k
 cross join lateral issue_terms(
   %(tenant)s, k.subject_kind, k.subject, k.audience_id, k.application_id,
   k.subject_kind = 'user', %(at)s, k.mfa_at, k.auth_ip::inet) t
 cross join lateral (
   select array(select h.name from unnest(string_to_array(k.scope, ' ')) h(name)
                 where t.states ->> h.name = 'active' and h.name = any (t.supported)) as names) held
 where k.tenant_id = %(tenant)s and k.subject = any(%(subjects)s::uuid[]) and k.expires > %(at)s
 order by k.id desc limit %(most)s
"""
# What was given, and in which of these tokens the Application asked about it and heard *active*. Which of a token's
# scopes it acted on nobody tells.
USED = """
select d.subject, d.application_id, g.name, count(*), count(d.last_used_at), max(coalesce(d.last_used_at, d.at))
  from oauth_decision d cross join lateral unnest(d.granted) g(name)
 where d.tenant_id = %(tenant)s and d.subject = any(%(subjects)s::uuid[]) and d.at > %(since)s
   and d.application_id = any(%(applications)s::uuid[]) and g.name = any(%(names)s)
 group by 1, 2, 3
"""


@dataclass(frozen=True)
class Token:
    """A live token as introspection sees it: whose, for which Application, which scopes it carries and which count."""

    subject: UUID
    application_id: UUID
    scopes: tuple[str, ...]
    active: bool
    held: frozenset[str]


@dataclass
class Tokens:
    """``carry``: live tokens that carry something that is lost. ``narrower``: they answer fewer scopes at once.
    ``stopped``: they answer inactive at once. ``ended``: of these, revoked for good. ``wider``: they answer more.
    """

    carry: int = 0
    narrower: int = 0
    stopped: int = 0
    ended: int = 0
    wider: int = 0

    def add(self, other: "Tokens") -> None:
        """Sum up."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


@dataclass(frozen=True)
class Used:
    """A scope that somebody would lose: in how many ``tokens`` of the last 30 days it was given to them, how many of
    these were ``used``, which is: their Application asked about them.
    """

    application_id: UUID
    name: str
    tokens: int
    used: int
    people: int
    last_at: datetime


@dataclass(frozen=True)
class WhatIf:
    """The difference, the tokens by subject, and lost scopes that were used. ``cut``: more tokens than are counted."""

    difference: Difference
    tokens: Mapping[UUID, Tokens] = field(default_factory=dict)
    used: tuple[Used, ...] = ()
    cut: bool = False

    @property
    def all_tokens(self) -> Tokens:
        """Over everybody."""
        total = Tokens()
        for one in self.tokens.values():
            total.add(one)
        return total


def what_if(*, tenant_id: UUID, now: datetime, **asked: Any) -> WhatIf:
    """What a change would do, tokens included. Takes and raises what :func:`authz.what_if.simulate.simulate` does."""
    difference = simulate(tenant_id=tenant_id, now=now, beside=live_tokens(tenant_id, now), **asked)
    return with_tokens(tenant_id=tenant_id, difference=difference, now=now)


def live_tokens(tenant_id: UUID, now: datetime) -> Beside:
    """A reader for ``simulate`` (authz.what_if): the live tokens of its subjects by id, as they answer now."""

    def look(who: Who, when: Moment) -> dict[UUID, Token]:
        asked: dict[str, Any] = {
            "tenant": tenant_id,
            "subjects": list(who.ids),
            "at": now,
            "most": MOST_TOKENS,
        }
        with connection.cursor() as cursor:
            cursor.execute(TOKENS, asked)
            return {
                key: Token(subject, application_id, tuple(scopes), active, frozenset(held))
                for key, subject, application_id, scopes, active, held in cursor.fetchall()
            }

    return look


def with_tokens(*, tenant_id: UUID, difference: Difference, now: datetime) -> WhatIf:
    """Count the tokens that :func:`live_tokens` saw before and after. Inside the tenant's context or before it."""
    before, after = (seen or {} for seen in difference.beside)
    lost = {
        one.subject.id: {(s.application_id, s.name) for s in one.shifts if _is_lost(s)}
        for one in difference.subjects
    }
    counted: dict[UUID, Tokens] = {}
    for key, token in before.items():
        places = {(token.application_id, name) for name in token.scopes}
        carries = bool(places & lost.get(token.subject, set()))
        counts = counted.setdefault(token.subject, Tokens())
        _count(counts, token, after.get(key), carries)
    used = _used(tenant_id, lost, now) if not difference.refusal else ()
    return WhatIf(difference, counted, used, len(before) >= MOST_TOKENS)


def _is_lost(shift: Shift) -> bool:
    return shift.worse and not shift.console


def _count(counts: Tokens, before: Token, after: Token | None, carries: bool) -> None:
    counts.carry += carries
    if before.active and (after is None or not after.active):
        counts.stopped += 1
        counts.ended += after is None
    elif after is not None and after.active:
        counts.narrower += bool(before.active and before.held - after.held)
        counts.wider += bool(after.held - before.held or not before.active)


def _used(
    tenant_id: UUID, lost: Mapping[UUID, Iterable[tuple[UUID | None, str]]], now: datetime
) -> tuple[Used, ...]:
    """Of what is lost, what was given in tokens in the last 30 days. One statement; none when nothing is lost."""
    pairs = {(subject, *place) for subject, places in lost.items() for place in places}
    if not pairs:
        return ()
    asked: dict[str, Any] = {
        "tenant": tenant_id,
        "subjects": list({pair[0] for pair in pairs}),
        "applications": list({pair[1] for pair in pairs}),
        "names": list({pair[2] for pair in pairs}),
        "since": now - USED_FOR,
    }
    with connection.cursor() as cursor:
        cursor.execute(USED, asked)
        rows = [row for row in cursor.fetchall() if tuple(row[:3]) in pairs]
    found: dict[tuple[UUID, str], Used] = {}
    for _, application_id, name, tokens, used, last_at in rows:
        old = found.get((application_id, name))
        found[application_id, name] = Used(
            application_id,
            name,
            tokens + (old.tokens if old else 0),
            used + (old.used if old else 0),
            1 + (old.people if old else 0),
            max(last_at, old.last_at) if old else last_at,
        )
    return tuple(sorted(found.values(), key=lambda one: one.last_at, reverse=True))
