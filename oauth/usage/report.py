"""What an Application's introspections came to, over time: one statement, read by its page."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import TruncDay, TruncHour
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oauth.models import IntrospectionCount
from oauth.reasons import reason_of


@dataclass(frozen=True)
class Period:
    """``steps`` columns of ``step`` each, up to now."""

    key: str
    label: str | Promise
    steps: int
    step: timedelta
    trunc: type[TruncDay] | type[TruncHour]

    def starts(self, now: datetime) -> list[datetime]:
        """When each column begins, in UTC; the last one is not over."""
        last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        last = last if self.step < timedelta(days=1) else last.replace(hour=0)
        return [last - self.step * back for back in reversed(range(self.steps))]


PERIODS = {
    period.key: period
    for period in (
        Period("day", _("24 hours"), 24, timedelta(hours=1), TruncHour),
        Period("week", _("7 days"), 7, timedelta(days=1), TruncDay),
        Period("month", _("30 days"), 30, timedelta(days=1), TruncDay),
    )
}


@dataclass(frozen=True)
class Report:
    """Numbers of a period. ``columns``: (start, active, refused); ``reasons``: (label, active?, number, share in %)."""

    columns: list[tuple[datetime, int, int]]
    reasons: list[tuple[str | Promise, bool, int, str]]
    active: int
    refused: int
    narrowed: int

    @property
    def total(self) -> int:
        return self.active + self.refused


def report(*, tenant_id: UUID, application_id: UUID, period: Period, now: datetime) -> Report:
    """What was answered in the period, by column and by reason. Up to FLUSH_S behind. One statement."""
    starts = period.starts(now)
    rows = (
        IntrospectionCount.objects.filter(
            tenant_id=tenant_id, application_id=application_id, hour__gte=starts[0]
        )
        .annotate(start=period.trunc("hour", tzinfo=UTC))
        .values_list("start", "active", "reason")
        .annotate(total=Sum("number"))
    )
    by_column: Counter[Any] = Counter()
    by_reason: Counter[tuple[bool, str]] = Counter()
    for start, active, reason, number in rows:
        by_column[start, active] += number
        by_reason[active, reason] += number
    total = by_reason.total()
    return Report(
        [(start, by_column[start, True], by_column[start, False]) for start in starts],
        [
            (reason_of(reason, active=active).label, active, number, _share(number, total))
            for (active, reason), number in by_reason.most_common()
        ],
        sum(number for (active, _reason), number in by_reason.items() if active),
        sum(number for (active, _reason), number in by_reason.items() if not active),
        sum(number for (active, reason), number in by_reason.items() if active and reason),
    )


def _share(number: int, total: int) -> str:
    share = number / total
    return "<1" if share < 0.01 else f"{share:.0%}".rstrip("%")
