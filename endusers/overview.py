"""The small charts above the list: who is active, new and suspended, by plan tier and Application.

Read from what :mod:`endusers.rollups` counted beforehand, and said of when. A small tenant is counted
while the page is made: its numbers are never old, and need no job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from authsec.web import clock
from endusers.rollups import COUNTS, DAYS, counting

AT_ONCE = 2_000  # end users that are counted while the page is made
SHOWN = 3  # parts of a split that have a name; the rest is one more
# Whether there are few enough to count now, and when they were counted last.
SIZE = """
select (select count(*) from (select from endusers_enduser where tenant_id = %(tenant)s limit %(most)s + 1) e),
       (select max(as_of) from endusers_dailycount where tenant_id = %(tenant)s)
"""
STORED = """
select day, kind, key, number from endusers_dailycount
 where tenant_id = %(tenant)s and day >= %(since)s::date and day <= %(today)s
   and (kind in ('new', 'active', 'suspended') or day >= %(today)s::date - 1)
"""
NAMED = """
select r.day, r.kind, r.key, r.number, coalesce(t.name, a.name, ''), coalesce(t.is_default, false)
  from ({source}) r
  left join endusers_plantier t on r.kind = 'tier' and t.tenant_id = %(tenant)s and t.id::text = r.key
  left join authz_application a on r.kind = 'application' and a.tenant_id = %(tenant)s and a.id::text = r.key
"""
LIVE = f"{COUNTS} union all {STORED} and day < %(today)s and kind not in ('new', 'suspended')"


@dataclass(frozen=True)
class Stat:
    """One field of the strip, as components/stat_strip.html takes it."""

    label: str
    value: str
    note: str
    chart: str
    values: Sequence[Any]
    start: str = ""
    end: str = ""
    drawn: str = ""  # what the chart draws, for who does not see it, where that is not what the label says


@dataclass(frozen=True)
class Overview:
    """The strip, and of which moment its numbers are."""

    stats: list[Stat]
    as_of: datetime


def overview(tenant_id: UUID, now: datetime) -> Overview:
    """The last 30 days (UTC), the last of them not over yet. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(SIZE, {"tenant": tenant_id, "most": AT_ONCE})
        people, counted_at = cursor.fetchone()
        live = people <= AT_ONCE or counted_at is None
        as_of = now if live else counted_at
        asked = counting(tenant_id, as_of, as_of.date() - timedelta(days=DAYS - 1))
        cursor.execute(NAMED.format(source=LIVE if live else STORED), asked)
        told = _Told(as_of.date(), now.date(), cursor.fetchall())
    start = clock.date(asked["since"]).rsplit(" ", 1)[0]
    end = _("today") if as_of.date() == now.date() else clock.date(as_of).rsplit(" ", 1)[0]
    return Overview([*_flows(told, start, end), *_splits(told)], as_of)


class _Told:
    """The rows of one answer, by kind."""

    def __init__(
        self, last: date, today: date, rows: Sequence[tuple[date, str, str, int, str, bool]]
    ) -> None:
        self.last, self.today, self.rows = last, today, rows

    def per_day(self, kind: str) -> list[int]:
        """One number for each of DAYS days; of what was counted twice the greater."""
        found: dict[int, int] = {}
        for day, of, _key, number, *_rest in self.rows:
            if of == kind:
                ago = (self.last - day).days
                found[ago] = max(number, found.get(ago, 0))
        return [found.get(ago, 0) for ago in range(DAYS - 1, -1, -1)]

    def now(self, kind: str, key: str) -> int:
        """One number of the last day."""
        return self._sum(self.last, kind, key)

    def since_yesterday(self, note: str, kind: str, key: str | None = None) -> str:
        """The note, with how the number (without ``key`` all of the kind but the default tier's) changed since
        yesterday was counted last; without it where no job counted yesterday, or nothing changed.
        """
        yesterday = self.today - timedelta(days=1)
        counted = any(row[0] == yesterday and row[1] == "total" for row in self.rows)
        change = self._sum(self.last, kind, key) - self._sum(yesterday, kind, key)
        if not change or not counted or self.last != self.today:
            return note
        words = _("%s since yesterday") % f"{change:+,}".replace("-", "−")
        return f"{note} · {words}"

    def _sum(self, day: date, kind: str, key: str | None) -> int:
        return sum(
            number
            for on, of, which, number, _name, default in self.rows
            if (on, of) == (day, kind) and (which == key if key is not None else not default)
        )

    def parts(self, kind: str) -> list[tuple[str, int, bool]]:
        """Name, number and whether it is the default one, of the last day, the largest first."""
        found = [(name, number, default) for day, of, _key, number, name, default in self.rows
                 if of == kind and day == self.last and name]  # fmt: skip
        return sorted(found, key=lambda part: (-part[2], -part[1], part[0]))


def _flows(told: _Told, start: str, end: str) -> list[Stat]:
    active, new, suspended = (told.per_day(kind) for kind in ("active", "new", "suspended"))
    day, week, month = (told.now("within", days) for days in ("1", "7", "30"))
    return [
        Stat(
            _("Active in 30 days"),
            f"{month:,}",
            _("%(week)s in 7 days · %(day)s in 24 h") % {"week": f"{week:,}", "day": f"{day:,}"},
            "line",
            active,
            start,
            end,
            _("Active, per day"),
        ),
        Stat(
            _("New in 30 days"),
            f"{sum(new):,}",
            _("%(week)s in 7 days · %(day)s %(end)s")
            % {"week": f"{sum(new[-7:]):,}", "day": f"{new[-1]:,}", "end": end},
            "bars",
            new,
            start,
            end,
            _("New, per day"),
        ),
        Stat(
            _("Suspended now"),
            f"{told.now('total', 'suspended'):,}",
            told.since_yesterday(
                _("%(month)s suspensions in 30 days") % {"month": f"{sum(suspended):,}"},
                "total",
                "suspended",
            ),
            "bars",
            suspended,
            start,
            end,
            _("Suspensions, per day"),
        ),
    ]


def _splits(told: _Told) -> list[Stat]:
    """How people spread over the tiers, the default one first, and over Applications; one may have several of these."""
    tiers, applications = told.parts("tier"), told.parts("application")
    beyond = [(name, number) for name, number, default in tiers if not default]
    places = (
        _("to one Application") if len(applications) == 1 else _("to %d Applications") % len(applications)
    )
    note = _("on %(tiers)s") % {"tiers": _(" or ").join(name for name, _number in beyond[:SHOWN])}
    return [
        Stat(
            _("Plan tiers"),
            f"{sum(number for _name, number in beyond):,}",
            told.since_yesterday(note if beyond else _("on another tier"), "tier"),
            *_split(tiers),
        ),
        Stat(
            _("Connections"),
            f"{sum(number for _name, number, _default in applications):,}",
            told.since_yesterday(places, "application"),
            *_split(applications),
        ),
    ]


def _split(parts: Sequence[tuple[str, int, bool]]) -> tuple[str, list[tuple[str, int]]]:
    """The chart's kind and values: the first few by name, the rest together."""
    named = [(name, number) for name, number, _default in parts if number]
    rest = sum(number for _name, number in named[SHOWN:])
    shown = named[:SHOWN] + ([(_("others"), rest)] if rest else [])
    return ("split" if shown else ""), shown
