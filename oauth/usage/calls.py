"""Who calls an Application most: counted beside its introspections, in bounded memory, and written down with them.

A process remembers the callers of a few seconds, the busiest of them where there are very many, and writes down the
busiest of each Application. Whoever is among an Application's top callers is among those.
"""

from collections import defaultdict
from heapq import nlargest
from typing import Any
from uuid import UUID

MOST_CALLERS = 20_000  # in memory; beyond it the quieter half is forgotten
WRITTEN = 50  # of each Application, each time
CALLS = "select add_calls(%s::float8, %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[])"

# tenant, Application, subject
Caller = tuple[UUID, UUID, UUID]
# calls, and of them those that were one too many
Numbers = tuple[int, int]


class Calls:
    """Calls by caller since the last time that they were taken."""

    def __init__(self) -> None:
        self._seen: dict[Caller, Numbers] = {}

    def add(self, tenant_id: UUID, application_id: UUID, subject: UUID, *, refused: bool) -> None:
        """One more call."""
        caller = (tenant_id, application_id, subject)
        calls, too_many = self._seen.get(caller, (0, 0))
        self._seen[caller] = (calls + 1, too_many + refused)
        if len(self._seen) > MOST_CALLERS:
            self._seen = dict(nlargest(MOST_CALLERS // 2, self._seen.items(), key=_calls))

    def take(self) -> dict[Caller, Numbers]:
        """Take the busiest of each Application; the others are forgotten."""
        seen, self._seen = self._seen, {}
        by_application: dict[UUID, list[tuple[Caller, Numbers]]] = defaultdict(list)
        for caller, numbers in seen.items():
            by_application[caller[1]].append((caller, numbers))
        return dict(one for found in by_application.values() for one in nlargest(WRITTEN, found, key=_calls))

    def put_back(self, taken: dict[Caller, Numbers]) -> None:
        """What could not be written waits for the next time."""
        for caller, (calls, refused) in taken.items():
            more, too_many = self._seen.get(caller, (0, 0))
            self._seen[caller] = (calls + more, refused + too_many)


def _calls(one: tuple[Caller, Numbers]) -> int:
    return one[1][0]


def columns(calls: dict[Caller, Numbers]) -> list[list[Any]]:
    """As the statement takes them: tenants, Applications, subjects, calls, refused."""
    rows = [(*caller, *numbers) for caller, numbers in calls.items()]
    return [list(column) for column in zip(*rows, strict=True)]
