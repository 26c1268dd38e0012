"""A person's sessions: which there are, and that ending one counts from the next request on."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.utils import timezone

from authsec.sessions import session_ended, sid_of
from tenants.identities import register_identity
from tenants.models import Session
from tenants.sessions import sessions_of
from tests.tenants.browser import PASSWORD, Browser, link_to

pytestmark = pytest.mark.django_db
EMAIL, OTHER = "ed@people.example", "eve@people.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def ed():
    return register_identity(email=EMAIL, password=PASSWORD, now=timezone.now())


@pytest.fixture
def ended():
    """What the signal said, in order."""
    heard = []

    def listen(sender, sid, identity_id, reason, now, **_):
        heard.append((sid, identity_id, reason))

    session_ended.connect(listen)
    yield heard
    session_ended.disconnect(listen)


def browser(agent=FIREFOX, email=EMAIL, address="198.51.100.7", **fields):
    opened = Browser(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    opened.sign_in(email, **fields)
    return opened


def sid(opened):
    return sid_of(opened.session)


def test_signing_out_says_which_session_ended(ed, ended):
    here = browser()
    was = sid(here)
    here.post("/accounts/logout/")
    assert ended == [(was, ed.pk, "signed_out")]


def test_the_sid_outlives_the_key(ed, ended):
    here = browser()
    key, was = here.session.session_key, sid(here)
    here.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert here.session.session_key != key
    assert sid(here) == was
    assert ended == []
    assert len(sessions_of(ed.pk, present=None, now=timezone.now())) == 1


def test_a_new_password_ends_every_other_session_at_once(ed, ended):
    here, there = browser(), browser(IPHONE)
    was = sid(there)
    new = "another long password"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new})
    assert ended == [(was, ed.pk, "credentials_changed")]
    assert here.is_signed_in
    assert not there.is_signed_in
    assert ended == [(was, ed.pk, "credentials_changed")]


def test_a_password_set_by_a_mailed_link_ends_them_all(ed, ended):
    here, elsewhere = browser(), Browser()
    was = sid(here)
    elsewhere.post("/accounts/password/reset/", {"email": EMAIL})
    form = elsewhere.get(link_to(EMAIL))["Location"]
    elsewhere.post(form, {"password1": "another long password"})
    assert ended == [(was, ed.pk, "credentials_changed")]
    assert not here.is_signed_in


def test_somebody_elses_sign_in_in_the_same_browser_ends_the_first(ed, ended):
    eve = register_identity(email=OTHER, password=PASSWORD, now=timezone.now())
    here = browser()
    was = sid(here)
    here.force_login(eve)
    assert ended == [(was, ed.pk, "signed_out")]
    assert sid(here) != was


def test_the_page_says_browser_and_system_in_words(ed):
    here = browser()
    browser(IPHONE, address="203.0.113.9")
    shown = here.get("/account/sessions/").content.decode()
    assert "Firefox on Windows" in shown
    assert "Safari on iOS" in shown
    assert "203.0.113.9" in shown
    assert "Mozilla/5.0" not in shown
    assert shown.index("This browser") < shown.index("Safari on iOS")


def test_a_hostile_user_agent_is_neither_shown_nor_run(ed):
    here = browser("<script>alert(1)</script>" + "x" * 5_000)
    shown = here.get("/account/sessions/").content.decode()
    assert "Unknown device" in shown
    assert "alert(1)" not in shown


def test_signing_one_session_out_counts_at_its_next_request(ed, ended):
    here, there = browser(), browser(IPHONE)
    was = sid(there)
    assert there.is_signed_in
    answer = here.post(f"/account/sessions/{was}/end/")
    assert answer["Location"] == "/account/sessions/"
    assert ended == [(was, ed.pk, "signed_out_elsewhere")]
    assert not there.is_signed_in
    assert here.is_signed_in


def test_signing_out_everywhere_else_leaves_this_one(ed, ended):
    here, others = browser(), [browser(IPHONE), browser()]
    here.post("/account/sessions/end-others/")
    assert {reason for _, _, reason in ended} == {"signed_out_elsewhere"}
    assert [other.is_signed_in for other in others] == [False, False]
    assert here.is_signed_in


def test_ones_own_line_signs_this_browser_out(ed, ended):
    here = browser()
    answer = here.post(f"/account/sessions/{sid(here)}/end/")
    assert answer["Location"] == "/accounts/login/"
    assert not here.is_signed_in


def test_nobody_ends_somebody_elses_session(ed, ended):
    register_identity(email=OTHER, password=PASSWORD, now=timezone.now())
    eve, here = browser(email=OTHER), browser()
    eve.post(f"/account/sessions/{sid(here)}/end/")
    assert ended == []
    assert here.is_signed_in


def test_a_request_that_runs_while_its_session_is_ended_does_not_bring_it_back(ed):
    here, there = browser(), browser(IPHONE)
    running = there.session
    assert running.items()  # read, as a request has it in hand
    here.post(f"/account/sessions/{sid(there)}/end/")
    running["late"] = True
    with pytest.raises(UpdateError):
        running.save()
    assert not there.is_signed_in


def test_nothing_that_opens_a_session_stands_in_its_row(ed):
    here = browser()
    (row,) = Session.objects.filter(identity=ed).values()
    assert here.session.session_key not in str(row)
    assert "Firefox" not in str(row)
