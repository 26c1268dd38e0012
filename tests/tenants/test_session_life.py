"""Sessions end: unused for too long, and some time after sign-in whatever happens. The server decides, not cookies."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tenants.identities import register_identity
from tenants.models import Session
from tests.tenants.browser import PASSWORD, Browser

pytestmark = pytest.mark.django_db
EMAIL = "ed@people.example"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IDLE, REMEMBERED, ABSOLUTE = 12 * HOUR, 14 * DAY, 30 * DAY


@pytest.fixture
def begin():
    return timezone.now()


@pytest.fixture
def here(begin):
    register_identity(email=EMAIL, password=PASSWORD, now=begin)
    return Browser()


def at(moment):
    return time_machine.travel(moment, tick=False)


def cookie(browser):
    return browser.cookies["authsec_session"]


def test_an_unused_session_is_over_though_its_cookie_is_still_there(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    with at(begin + IDLE - timedelta(seconds=1)):
        same = Browser()
        same.cookies["authsec_session"] = cookie(here).value
        assert same.is_signed_in
    with at(begin + 2 * IDLE):
        assert not here.is_signed_in


def test_use_puts_the_end_off(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    for hours in range(8, 73, 8):
        with at(begin + hours * HOUR):
            assert here.is_signed_in
    with at(begin + 72 * HOUR + IDLE + timedelta(seconds=1)):
        assert not here.is_signed_in


def test_a_session_in_use_ends_at_last(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    now = begin
    while (now := now + 8 * HOUR) < begin + ABSOLUTE:
        with at(now):
            assert here.is_signed_in
    with at(begin + ABSOLUTE - timedelta(seconds=1)):
        assert here.is_signed_in
    with at(begin + ABSOLUTE + timedelta(seconds=1)):
        assert not here.is_signed_in


def test_confirming_who_one_is_does_not_make_the_session_live_longer(here, begin):
    with at(begin):
        here.sign_in(EMAIL, remember="on")
    for days in (10, 20, 29):
        with at(begin + days * DAY):
            assert here.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    with at(begin + ABSOLUTE + timedelta(seconds=1)):
        assert not here.is_signed_in


def test_signing_in_again_begins_anew(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    with at(begin + 29 * DAY):
        assert not here.is_signed_in
        here.sign_in(EMAIL)
    with at(begin + 29 * DAY + IDLE - HOUR):
        assert here.is_signed_in


def test_keep_me_signed_in_lasts_over_the_browsers_end_and_for_days(here, begin):
    with at(begin):
        assert "Keep me signed in" in here.get("/accounts/login/").content.decode()
        here.sign_in(EMAIL, remember="on")
        assert cookie(here)["max-age"] == int(ABSOLUTE.total_seconds())
    with at(begin + REMEMBERED - timedelta(seconds=1)):
        assert here.is_signed_in
    with at(begin + 2 * REMEMBERED):
        assert not here.is_signed_in


def test_without_it_the_cookie_goes_with_the_browser(here):
    here.sign_in(EMAIL)
    assert cookie(here)["max-age"] == ""
    assert cookie(here)["expires"] == ""


def test_an_installation_may_not_offer_it(here, begin, settings):
    settings.SESSION_REMEMBERED_SECONDS = 0
    with at(begin):
        assert "Keep me signed in" not in here.get("/accounts/login/").content.decode()
        here.sign_in(EMAIL, remember="on")
        assert here.is_signed_in
    with at(begin + IDLE + timedelta(seconds=1)):
        assert not here.is_signed_in


def test_a_session_in_use_is_written_once_a_minute_at_most(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    with at(begin + timedelta(seconds=59)):
        assert writes(here) == []
    with at(begin + timedelta(seconds=61)):
        assert len(writes(here)) == 1
        assert writes(here) == []
    with at(begin + timedelta(seconds=120)):
        assert writes(here) == []


def writes(browser):
    """The statements of one request that write a session."""
    with CaptureQueriesContext(
        connection,
    ) as statements:
        assert browser.is_signed_in
    return [
        each["sql"] for each in statements if "tenants_session" in each["sql"] and "UPDATE" in each["sql"]
    ]


def test_shorter_limits_reach_the_sessions_that_exist(here, begin, settings):
    with at(begin):
        here.sign_in(EMAIL)
    settings.SESSION_IDLE_SECONDS = 600
    with at(begin + timedelta(minutes=30)):
        assert here.is_signed_in  # used, and from now on by the new limit
    with at(begin + timedelta(minutes=41)):
        assert not here.is_signed_in
    settings.SESSION_IDLE_SECONDS = 43_200
    with at(begin + timedelta(minutes=42)):
        here.sign_in(EMAIL)
    settings.SESSION_ABSOLUTE_SECONDS = 3_600
    with at(begin + 2 * HOUR):
        assert not here.is_signed_in


def test_the_row_says_when_the_session_ends(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    row = Session.objects.latest("expire_date")
    assert row.expire_date - begin == pytest.approx(IDLE, abs=timedelta(seconds=1))


def test_signing_out_leaves_no_row_behind(here, begin):
    with at(begin):
        here.sign_in(EMAIL)
    with at(begin + 2 * HOUR):
        here.post("/accounts/logout/")
    assert not here.is_signed_in
    assert not Session.objects.filter(expire_date__gt=begin + IDLE + HOUR).exists()
