"""Who has something, and how: the reverse of Effective Access, for lists that may hold a million people.

The database walks the people whom bindings may reach in the order of ids, and asks ``effective_grants`` about those of
one page (``sql/who_has.sql``). Nothing here judges a condition.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.pagination import CAP, LIMIT, Count, Cursor, Page, cut, parse_cursor
from authz.effective import subject as subjects
from authz.effective.wanted import Found, Wanted, find

SOURCES = ("direct", "group", "service-account", "plan")
MET = ("active", "pending_step_up", "missing_context", "outside_ip", "not_yet")
STATES = (*MET, "suspended", "unsupported", "unverified")
SEARCHED = 500  # people whom a search may mean; beyond that it says too little
SIFTED = 200  # people looked at at a time where only some states are wanted
ROUNDS = 20

ARGUMENTS = """
%(tenant)s::uuid, %(roles)s::uuid[], %(account_roles)s::uuid[], %(application)s::uuid, %(anywhere)s::boolean,
%(group)s::uuid, %(console)s::boolean, %(source)s::text, %(met)s::text[], %(people)s::uuid[], %(at)s::timestamptz,
%(mfa_at)s::timestamptz, %(ip)s::inet, %(after)s::uuid, %(backward)s::boolean, %(size)s::integer
"""
PAGE = f"""
select w.kind, w.id, w.state, w.reason, w.name, w.email, w.member_status, w.end_user_status,
       w.binding_id, w.role_id, o.name, w.application_id, a.name, w.source, w.source_id,
       coalesce(gr.name, sa.name, pt.name, w.name), w.met, b.requires_mfa, b.mfa_max_age,
       coalesce(b.ip_ranges::text[], '{{}}'), b.not_before, b.expires_at
  from who_has({ARGUMENTS}, %(enabled)s, %(verified)s, %(supported)s) with ordinality w
  left join authz_binding b on b.tenant_id = %(tenant)s and b.id = w.terms_id
  left join authz_role o on o.tenant_id = %(tenant)s and o.id = w.role_id
  left join authz_application a on a.tenant_id = %(tenant)s and a.id = w.application_id
  left join authz_group gr on w.source = 'group' and gr.tenant_id = %(tenant)s and gr.id = w.source_id
  left join authz_serviceaccount sa
    on w.source = 'service-account' and sa.tenant_id = %(tenant)s and sa.id = w.source_id
  left join endusers_plantier pt on w.source = 'plan' and pt.tenant_id = %(tenant)s and pt.id = w.source_id
 order by w.ordinality
"""  # noqa: S608 - constants of this file
COUNT = f"select count(*) from who_has_candidates({ARGUMENTS})"  # noqa: S608
PERSON = 8  # the columns about the subject; those about a way to it follow


class TooManyMatch(ValueError):
    """A search means more people than are looked through."""


@dataclass(frozen=True)
class Way:
    """One binding that reaches somebody, and the state it is in. ``source`` and its id and name say where from."""

    binding_id: UUID
    role_id: UUID
    role_name: str
    application_id: UUID | None
    application_name: str | None
    source: str
    source_id: UUID
    source_name: str
    state: str
    requires_mfa: bool
    mfa_max_age: timedelta
    ip_ranges: tuple[str, ...]
    not_before: datetime | None
    expires_at: datetime | None

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions that are set, in the API's shape."""
        said: dict[str, Any] = {}
        if self.requires_mfa:
            said |= {"mfa_required": True, "mfa_max_age_s": int(self.mfa_max_age.total_seconds())}
        if self.ip_ranges:
            said["allowed_ip_cidrs"] = list(self.ip_ranges)
        if self.not_before:
            said["not_before"] = self.not_before
        return said


@dataclass(frozen=True)
class Holder:
    """Somebody who has it, or would: ``state`` is one of STATES, the best that a way gives, under standing and what
    the Application says. ``reason``: why they do not stand (``subject.SENTENCES``), empty when they do.
    """

    kind: str
    id: UUID
    state: str
    reason: str
    name: str
    email: str | None
    member_status: str | None
    end_user_status: str | None
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class AsIf:
    """The moment and the circumstances that are asked about, as the strip of Effective Access takes them."""

    at: datetime
    mfa_at: datetime | None = None
    ip: str | None = None

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> "AsIf":
        """What of the strip's context counts here: all but what a client would ask for."""
        return cls(context["at"], context["mfa_at"], context["ip"])


@dataclass(frozen=True)
class Narrowed:
    """What the list is narrowed to. ``text`` is an id, an address or a part of a name."""

    source: str | None = None
    state: str | None = None
    text: str = ""


def who_has(
    *,
    tenant_id: UUID,
    wanted: Wanted,
    as_if: AsIf,
    narrowed: Narrowed,
    cursor: str = "",
    limit: int = LIMIT,
    counted: bool = True,
) -> Page[Holder]:
    """One page of people and service accounts who have what is ``wanted``, in the order in which they came.

    Whoever has it only after something (a second factor, another address, a later day) or does not stand is there with
    that state; ended and expired bindings are history and name nobody. Two statements, three when a second page exists
    or somebody is searched; narrowed to a state, more people may be looked at, 200 a statement, and a page may be
    short with a ``next``. ``counted`` False leaves the third statement, which takes longer than the others together,
    to :func:`count`. Raises BadCursor, ``wanted.Unclear`` and TooManyMatch.
    """
    found = find(tenant_id=tenant_id, wanted=wanted, at=as_if.at)
    place = parse_cursor(cursor, "id", textual=True)
    asked = _asked(tenant_id, found, as_if, narrowed)
    if asked is None:
        return Page([], None, None, Count(0))
    kept, seen = _sift(asked, place, narrowed.state, limit)
    whole = place is None and seen is None and len(kept) <= limit
    if counted and not whole:
        number = _count(asked, sifted=narrowed.state is not None)
    else:
        number = (
            Count(len(kept)) if whole else Count(max(len(kept), limit + 1 if place else 1), uncounted=True)
        )
    page = cut(
        kept,
        sort="id",
        cursor=place,
        limit=limit,
        count=number,
        key=lambda holder: ("", holder.id),
    )
    if seen is not None and len(kept) <= limit and not (place and place.backward):
        page = replace(page, next=Cursor("id", False, "", seen).encode())
    return page


def count(*, tenant_id: UUID, wanted: Wanted, as_if: AsIf, narrowed: Narrowed) -> Count:
    """How many :func:`who_has` would page through. Two statements, three where somebody is searched."""
    asked = _asked(tenant_id, find(tenant_id=tenant_id, wanted=wanted, at=as_if.at), as_if, narrowed)
    return _count(asked, sifted=narrowed.state is not None) if asked else Count(0)


def following(
    *, tenant_id: UUID, wanted: Wanted, as_if: AsIf, narrowed: Narrowed, after: UUID | None, size: int
) -> tuple[list[Holder], UUID | None]:
    """The next ``size`` people behind ``after``, for a file: those in the wanted state, and whom it goes on behind.

    None at the end. Three statements.
    """
    found = find(tenant_id=tenant_id, wanted=wanted, at=as_if.at)
    asked = _asked(tenant_id, found, as_if, narrowed)
    if asked is None:
        return [], None
    holders = _read(asked | {"after": after, "size": size})
    on = holders[-1].id if len(holders) == size else None
    return [one for one in holders if one.ways and narrowed.state in (None, one.state)], on


def how_many(*, tenant_id: UUID, wanted: Wanted, as_if: AsIf, narrowed: Narrowed, most: int) -> int:
    """How many people a file goes through, counted up to ``most``."""
    found = find(tenant_id=tenant_id, wanted=wanted, at=as_if.at)
    asked = _asked(tenant_id, found, as_if, narrowed)
    return _candidates(asked, most) if asked else 0


def _asked(tenant_id: UUID, found: Found, as_if: AsIf, narrowed: Narrowed) -> dict[str, Any] | None:
    """The arguments of the functions; None when the answer is nobody, whoever there is."""
    if found.roles == [] and found.account_roles == []:
        return None
    people = _people(narrowed.text) if narrowed.text.strip() else None
    if people == []:
        return None
    return {
        "tenant": tenant_id,
        **vars(found),
        "source": narrowed.source,
        "met": [narrowed.state] if narrowed.state in MET else list(MET),
        "people": people,
        **vars(as_if),
        "after": None,
        "backward": False,
        "size": 0,
    }


def _people(text: str) -> list[UUID]:
    matching = subjects.find(text, most=SEARCHED + 1)
    if len(matching) > SEARCHED:
        raise TooManyMatch(f"More than {SEARCHED} people match. Type more of the name or address.")
    return [one.id for one in matching]


def _sift(
    asked: dict[str, Any], place: Cursor | None, state: str | None, limit: int
) -> tuple[list[Holder], UUID | None]:
    """People in the wanted state until a page is full, and behind whom it goes on; None when nobody is left."""
    size = limit + 1 if state is None else max(limit + 1, SIFTED)
    backward = place is not None and place.backward
    kept: list[Holder] = []
    after = place.id if place else None
    for _ in range(ROUNDS):
        holders = _read(asked | {"after": after, "backward": backward, "size": size})
        if backward:
            holders.reverse()
        kept += [one for one in holders if one.ways and state in (None, one.state)]
        if len(holders) < size:
            return kept, None
        after = holders[-1].id
        if len(kept) > limit:
            break
    return kept, after


def _read(asked: dict[str, Any]) -> list[Holder]:
    with connection.cursor() as cursor:
        cursor.execute(PAGE, asked)
        rows = cursor.fetchall()
    return [
        Holder(*(*person, tuple(_ways(ways)))) for person, ways in groupby(rows, lambda row: row[:PERSON])
    ]


def _ways(rows: Iterable[Sequence[Any]]) -> Iterable[Way]:
    for row in rows:
        if row[PERSON] is not None:
            columns: list[Any] = [
                tuple(value) if isinstance(value, list) else value for value in row[PERSON:]
            ]
            yield Way(*columns)


def _count(asked: dict[str, Any], *, sifted: bool) -> Count:
    """Up to CAP exactly; where only some states are wanted, at most so many."""
    number = _candidates(asked, CAP + 1)
    return Count(number, is_estimate=sifted or number > CAP)


def _candidates(asked: dict[str, Any], most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, asked | {"size": most})
        return int(cursor.fetchone()[0])
