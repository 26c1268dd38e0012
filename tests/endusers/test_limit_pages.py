"""One end user's own rate limit, as an operator's browser gives it and takes it away."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from endusers.models import EndUser
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools() -> Any:
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def alex(tools: Any) -> Any:
    return cast.signed_in(cast.owner_of(tools))


@pytest.fixture
def ed(tools: Any) -> Any:
    return cast.end_user(tools, "ed@consumer.example", "pro", name="Ed")


def page(ed: Any, which: str) -> str:
    return f"/t/alex-tools/end-users/{ed.pk}/{which}/"


def kept(ed: Any) -> Any:
    with tenant_context(ed.tenant_id):
        return EndUser.objects.get(pk=ed.pk).rate_limit_override


def test_a_limit_is_given_shown_changed_and_taken_away(alex: Any, ed: Any) -> None:
    assert "600 calls in 60 s" in alex.get(page(ed, "limits")).text
    until = timezone.now().replace(microsecond=0, second=0) + timedelta(days=30)
    form = {"limit": "5000", "window_s": "60", "until": f"{until:%Y-%m-%dT%H:%M}", "reason": "a pilot"}
    given = alex.post(page(ed, "limit"), form, follow=True)
    assert given.redirect_chain == [(page(ed, "limits"), 302)]
    assert "5,000 calls in 60 s" in given.text
    assert "their own" in given.text
    assert kept(ed) == {"limit": 5000, "window_s": 60, "until": until.isoformat(), "reason": "a pilot"}
    again = alex.get(page(ed, "limit")).text
    assert f'value="{until:%Y-%m-%dT%H:%M}"' in again, "saving it again would lose its end"
    asked = alex.get(page(ed, "limit/clear")).text
    assert "600 calls in 60 s count, as everybody on Pro has, instead of 5000 in 60 s" in asked
    assert alex.post(page(ed, "limit/clear"), {"reason": "over"}).status_code == 302
    assert kept(ed) is None
    with tenant_context(ed.tenant_id):
        events = Event.objects.filter(target_id=ed.pk, action__startswith="end_user.rate_limit").order_by(
            "at"
        )
        said = [(event.action, event.reason, event.actor_kind) for event in events]
    assert said == [
        ("end_user.rate_limit_set", "a pilot", "member"),
        ("end_user.rate_limit_cleared", "over", "member"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"window_s": "2678401"}, "window_s"),
        ({"until": "2020-01-01T00:00"}, "until"),
        ({"until": "soon"}, "until"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
    ],
)
def test_a_limit_that_could_not_count_is_refused_beside_its_field(
    alex: Any, ed: Any, wrong: dict[str, str], field: str
) -> None:
    answer = alex.post(page(ed, "limit"), {"limit": "5", "window_s": "60"} | wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert kept(ed) is None


def test_a_limit_whose_time_is_over_shows_as_over_and_the_tiers_counts(alex: Any, ed: Any) -> None:
    with tenant_context(ed.tenant_id):
        EndUser.objects.filter(pk=ed.pk).update(
            rate_limit_override={"limit": 7, "window_s": 60, "until": "2026-01-01T00:00:00+00:00"}
        )
    shown = " ".join(alex.get(page(ed, "limits")).text.split())
    assert "600 calls in 60 s <span" in shown
    assert '7 calls in 60 s <span class="secondary">over since' in shown


def test_nothing_is_taken_away_where_nothing_was_given(alex: Any, ed: Any) -> None:
    assert alex.get(page(ed, "limit/clear"))["Location"] == page(ed, "limits")
    assert alex.post(page(ed, "limit/clear"), {}).status_code == 302
    with tenant_context(ed.tenant_id):
        assert not Event.objects.filter(action="end_user.rate_limit_cleared").exists()
