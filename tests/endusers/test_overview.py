"""The overview: true numbers whether a job counted them or not, and of which moment they are."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations, overview, rollups
from endusers.models import DailyCount, EndUser
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def tools() -> Any:
    return cast.open_tenant("tools")


def person(tools: Any, name: str, came: datetime, seen: datetime | None = None) -> EndUser:
    """A consumer who came and was seen at these moments."""
    found = cast.end_user(tools, f"{name}@consumer.example")
    with tenant_context(tools.id):
        rows = EndUser.objects.filter(pk=found.pk)
        rows.update(first_consent_at=came, last_seen_at=seen or came)
        return rows.get()


def counted(tools: Any, kind: str) -> dict[tuple[date, str], int]:
    with tenant_context(tools.id):
        rows = DailyCount.objects.filter(kind=kind)
        return {(row.day, row.key): row.number for row in rows}


def test_a_day_keeps_who_was_active_on_it_and_a_second_run_changes_nothing(tools: Any) -> None:
    ann = person(tools, "ann", NOON - 3 * DAY, NOON)
    person(tools, "bob", NOON - 3 * DAY)
    for _ in range(2):
        rollups.refresh(now=NOON)
    assert counted(tools, "new") == {(NOON.date() - 3 * DAY, ""): 2}
    assert counted(tools, "active") == {(NOON.date(), ""): 1, (NOON.date() - 3 * DAY, ""): 1}
    with tenant_context(tools.id):
        EndUser.objects.filter(pk=ann.pk).update(last_seen_at=NOON + DAY)
    rollups.refresh(now=NOON + DAY)
    # Seen again the next day, and still counted for the day before.
    assert counted(tools, "active")[NOON.date(), ""] == 1
    assert counted(tools, "active")[NOON.date() + DAY, ""] == 1


def test_a_run_after_a_pause_counts_the_days_between(tools: Any) -> None:
    person(tools, "ann", NOON)
    rollups.refresh(now=NOON)
    person(tools, "bob", NOON + timedelta(hours=6))
    person(tools, "cyd", NOON + 2 * DAY)
    rollups.refresh(now=NOON + 4 * DAY)
    assert counted(tools, "new") == {(NOON.date(), ""): 2, (NOON.date() + 2 * DAY, ""): 1}


def test_what_is_none_any_more_is_said_to_be_none(tools: Any) -> None:
    ann = person(tools, "ann", NOON)
    rollups.refresh(now=NOON)
    free = str(ann.plan_tier_id)
    assert counted(tools, "tier") == {(NOON.date(), free): 1}
    with tenant_context(tools.id):
        operations.set_plan_tier(
            tenant_id=tools.id, user_id=ann.pk, tier_key="pro", actor=SYSTEM, now=timezone.now()
        )
    rollups.refresh(now=NOON + timedelta(minutes=5))
    assert list(counted(tools, "tier").values()) == [1]
    assert (NOON.date(), free) not in counted(tools, "tier")


@pytest.mark.parametrize("most", [2_000, 0])
def test_a_day_keeps_its_totals_and_the_next_one_says_what_changed(
    tools: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(overview, "AT_ONCE", most)
    ann = person(tools, "ann", NOON)
    person(tools, "bob", NOON)
    rollups.refresh(now=NOON)
    facts: dict[str, Any] = {"tenant_id": tools.id, "user_id": ann.pk, "actor": SYSTEM, "now": NOON + DAY}
    with tenant_context(tools.id):
        operations.set_plan_tier(**facts, tier_key="pro")
        operations.suspend(**facts, reason="x")
    rollups.refresh(now=NOON + DAY)
    assert [number for (day, _key), number in counted(tools, "tier").items() if day == NOON.date()] == [2]
    with tenant_context(tools.id):
        notes = {stat.label: stat.note for stat in overview.overview(tools.id, NOON + DAY).stats}
        stale = {stat.label: stat.note for stat in overview.overview(tools.id, NOON + 3 * DAY).stats}
    assert notes["Plan tiers"] == "on Pro · +1 since yesterday"
    assert notes["Suspended now"].endswith("· +1 since yesterday")
    assert "yesterday" not in notes["Connections"]
    # Nobody counted the day before: nothing is said of it.
    assert not any("yesterday" in note for note in stale.values())


@pytest.mark.parametrize("most", [2_000, 0])
def test_a_small_tenant_is_counted_at_once_and_a_large_one_as_it_was(
    tools: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(overview, "AT_ONCE", most)
    now = timezone.now()
    ann = person(tools, "ann", now - 40 * DAY, now - 2 * DAY)
    rollups.refresh(now=now)
    person(tools, "bob", now)
    with tenant_context(tools.id):
        operations.suspend(tenant_id=tools.id, user_id=ann.pk, reason="x", actor=SYSTEM, now=now)
        with statements() as sent:
            shown = overview.overview(tools.id, now + timedelta(seconds=1))
    assert len(sent) == 2
    values = {stat.label: stat.value for stat in shown.stats}
    at_once = most > 0
    assert values["Active in 30 days"] == ("2" if at_once else "1")
    assert values["New in 30 days"] == ("1" if at_once else "0")
    assert values["Suspended now"] == ("1" if at_once else "0")
    assert shown.as_of == (now + timedelta(seconds=1) if at_once else now)
    assert len(shown.stats[0].values) == 30


def test_a_tenant_that_was_never_counted_shows_true_numbers(
    tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "AT_ONCE", 0)
    person(tools, "ann", NOON)
    with tenant_context(tools.id):
        shown = overview.overview(tools.id, NOON + timedelta(hours=1))
    assert shown.stats[1].value == "1"
    assert shown.as_of == NOON + timedelta(hours=1)
