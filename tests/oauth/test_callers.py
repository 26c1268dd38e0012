"""Who calls an Application most, and how much of a person's limit is used: counted, kept in bounds, shown."""

import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from endusers.models import EndUser
from oauth.models import CallCount
from oauth.usage import callers, calls
from tests import cast
from tests.console.api import Api, token_of
from tests.oauth.world import World, world
from tests.statements import statements

pytestmark = pytest.mark.django_db


def called(it: World, subject: Any, number: int, refused: int = 0, ago_s: float = 0) -> None:
    """So many calls, as the thread writes them down."""
    columns = calls.columns({(it.tenant.pk, it.application.pk, subject): (number, refused)})
    with connection.cursor() as cursor:
        cursor.execute(calls.CALLS, [timezone.now().timestamp() - ago_s, *columns])


def test_the_busiest_come_first_now_and_today_with_the_limit_that_counts_for_them() -> None:
    it = world()
    ed = cast.end_user(it.tenant, "ed.okafor@consumer.example", name="Ed")
    una = cast.end_user(it.tenant, "una@consumer.example", "pro", name="Una")
    bot = cast.service_account(it.tenant, "nightly")
    with tenant_context(it.tenant.pk):
        EndUser.objects.filter(pk=una.pk).update(rate_limit_override={"limit": 9, "window_s": 10})
    it.application.rate_limit = 50
    called(it, ed.pk, 5)
    called(it, ed.pk, 6, refused=2)
    called(it, una.pk, 3)
    called(it, bot.pk, 1)
    called(it, una.pk, 100, ago_s=1_200)
    with tenant_context(it.tenant.pk), statements() as sent:
        now = callers.top(application=it.application, period="now", now=timezone.now())
    assert len(sent) == 1
    told = [(one.name, one.kind, one.calls, one.refused, one.limit and one.limit.source) for one in now]
    assert told == [
        ("Ed", "user", 11, 2, "tier"),
        ("Una", "user", 3, 0, "override"),
        ("nightly", "service_account", 1, 0, "application"),
    ]
    with tenant_context(it.tenant.pk):
        rows = CallCount.objects.filter(subject=una.pk, daily=True)
        assert sum(row.calls for row in rows) == 103, "of one day or, just after midnight, of two"


def test_page_and_api_show_them_to_who_may_see_tokens() -> None:
    it = world()
    ed = cast.end_user(it.tenant, "ed.okafor@consumer.example", name="Ed Okafor")
    called(it, ed.pk, 11, refused=2)
    owner = cast.owner_of(it.tenant)
    activity, browser = (
        f"/t/{it.tenant.slug}/applications/{it.application.pk}/activity/",
        cast.signed_in(owner),
    )
    asks = re.search(r'id="callers"[^>]*hx-get="([^"]+)"', browser.get(activity).text)
    assert asks
    shown = f"/t/{it.tenant.slug}/end-users/{ed.pk}/limit/"
    by_itself = {"HX-Request": "true", "HX-Target": "callers"}
    for more in ({}, by_itself):
        page = browser.get(activity + html.unescape(asks[1]), headers=more).text
        assert "Ed Okafor" in page
        assert shown in page
        assert ("<html" in page) is not bool(more)
    path = f"/uflow/v2/applications/{it.application.pk}/top-callers"
    answer = Api(token_of(owner), it.tenant).get(f"{path}?period=today").json()
    assert answer["count"] == 1
    item = answer["items"][0]
    assert (item["subject"], item["calls"], item["refused"]) == (str(ed.pk), 11, 2)
    assert item["rate_limit"] == {"limit": 60, "window_s": 60, "source": "tier"}
    assert Api(token_of(owner), it.tenant).get(f"{path}?period=ever").status_code == 400


def test_memory_and_what_is_written_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_CALLERS", 20)
    monkeypatch.setattr(calls, "WRITTEN", 3)
    counted, tenant, application, loud = calls.Calls(), uuid4(), uuid4(), uuid4()
    for _ in range(200):
        counted.add(tenant, application, uuid4(), refused=False)
        counted.add(tenant, application, loud, refused=True)
    assert len(counted._seen) <= 20
    taken = counted.take()
    assert len(taken) == 3
    assert taken[tenant, application, loud] == (200, 200)
    counted.put_back(taken)
    counted.add(tenant, application, loud, refused=False)
    assert counted.take()[tenant, application, loud] == (201, 200)


def test_counts_of_an_application_that_is_gone_are_dropped() -> None:
    it = world()
    with connection.cursor() as cursor:
        cursor.execute(calls.CALLS, [0.0, *calls.columns({(it.tenant.pk, uuid4(), uuid4()): (1, 0)})])
    with system_context():
        assert not CallCount.objects.exists()
