"""Authenticator app and recovery codes: enrolment, sign-in, trusted browsers, step-up, and what is stored."""

import base64
from base64 import b64decode
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.utils import timezone

from tenants import signin
from tenants.identities import enrol_authenticator, register_identity
from tenants.models import Session
from tenants.signin import ACR_MFA, ACR_PASSWORD, Asking, sign_in_of
from tests.tenants.browser import PASSWORD, Browser, mails, totp

pytestmark = pytest.mark.django_db
SECRET = base64.b32encode(b"twenty secret bytes!").decode()
EMAIL = "alice@acme.example"
ONWARD = "/oauth/authorize?client_id=c&state=s"


@pytest.fixture
def alice(settings):
    identity = register_identity(email=EMAIL, password=PASSWORD, name="Alice", now=timezone.now())
    enrol_authenticator(identity=identity, secret=SECRET)
    return identity


@pytest.fixture
def here():
    return Browser()


@pytest.fixture
def without(here):
    """A browser in which somebody without a second factor is signed in."""
    register_identity(email="carl@acme.example", password=PASSWORD, now=timezone.now())
    here.sign_in("carl@acme.example")
    return here


def test_sign_in_asks_for_the_enrolled_second_factor_and_goes_on(alice, here):
    assert here.sign_in(EMAIL, next=ONWARD)["Location"] == "/accounts/2fa/authenticate/"
    assert not here.is_signed_in
    assert here.enter_code(totp(SECRET))["Location"] == ONWARD
    facts = sign_in_of(here.session)
    assert (facts.amr, facts.acr) == (("pwd", "otp", "mfa"), ACR_MFA)
    assert facts.mfa_at == facts.auth_time
    assert timezone.now() - facts.mfa_at < timedelta(minutes=1)


def test_a_wrong_code_is_refused_beside_its_field(alice, here):
    here.sign_in(EMAIL)
    answer = here.enter_code("000000")
    assert answer.status_code == 422
    assert 'id="id_code_error"' in answer.content.decode()
    assert not here.is_signed_in


def test_a_code_counts_once(alice, here):
    code = totp(SECRET)
    here.sign_in(EMAIL)
    assert here.enter_code(code).status_code == 302
    other = Browser()
    other.sign_in(EMAIL)
    assert other.enter_code(code).status_code == 422
    assert other.enter_code(f" {code[:3]} {code[3:]}").status_code == 422


def test_a_recovery_code_stands_in_once(without):
    _secret, codes = without.enrol()
    assert len(codes) == 10
    without.post("/accounts/logout/")
    for expected in (302, 422):
        other = Browser()
        other.sign_in("carl@acme.example")
        assert other.enter_code(codes[0]).status_code == expected
    facts = sign_in_of(without.session)
    assert facts.amr == ()


def test_recovery_codes_are_shown_once(without):
    _secret, codes = without.enrol()
    again = without.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not [code for code in codes if code in again]
    assert without.get("/accounts/2fa/recovery-codes/download/").status_code == 403


def test_a_trusted_browser_is_not_asked_and_amr_does_not_claim_it(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET), trust="on")
    assert here.cookies["authsec_trusted"]["httponly"]
    here.post("/accounts/logout/")
    assert here.sign_in(EMAIL, next=ONWARD)["Location"] == ONWARD
    facts = sign_in_of(here.session)
    assert (facts.amr, facts.acr, facts.mfa_at) == (("pwd",), ACR_PASSWORD, None)


def test_a_browser_that_was_not_ticked_is_asked_again(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET))
    here.post("/accounts/logout/")
    assert here.sign_in(EMAIL)["Location"] == "/accounts/2fa/authenticate/"


def test_another_persons_trust_and_a_forged_one_open_nothing(alice, here, without):
    _secret, codes = without.enrol()
    without.post("/accounts/logout/")
    without.sign_in("carl@acme.example")
    without.enter_code(codes[0], trust="on")
    without.post("/accounts/logout/")
    assert without.sign_in(EMAIL)["Location"] == "/accounts/2fa/authenticate/"
    other = Browser()
    other.cookies["authsec_trusted"] = without.cookies["authsec_trusted"].value + "x"
    assert other.sign_in("carl@acme.example")["Location"] == "/accounts/2fa/authenticate/"


def test_the_browser_can_be_forgotten(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET), trust="on")
    here.post("/account/trusted-browser/forget/")
    here.post("/accounts/logout/")
    assert here.sign_in(EMAIL)["Location"] == "/accounts/2fa/authenticate/"


def test_step_up_makes_a_second_factor_happen_now(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET), trust="on")
    here.post("/accounts/logout/")
    here.sign_in(EMAIL)
    path = "/account/step-up/?next=%2Foauth%2Fauthorize%3Fclient_id%3Dc%26state%3Ds"
    assert "Continue without" in here.get(path).content.decode()
    assert here.post(path, {"code": "000000"}).status_code == 422
    assert here.post(path, {"code": totp(SECRET, 1)})["Location"] == ONWARD
    facts = sign_in_of(here.session)
    assert (facts.acr, facts.amr) == (ACR_MFA, ("pwd", "otp", "mfa"))
    assert timezone.now() - facts.mfa_at < timedelta(minutes=1)


def test_a_later_step_up_renews_the_time(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET))
    age(here, hours=20)
    before = sign_in_of(here.session)
    here.post("/account/step-up/?next=/account/", {"code": totp(SECRET, 1)})
    after = sign_in_of(here.session)
    assert after.mfa_at - before.mfa_at > timedelta(hours=19)
    assert after.auth_time == after.mfa_at


def test_who_has_no_second_factor_enrols_in_the_step_up_and_goes_on(without):
    page = without.get(
        "/account/step-up/?next=%2Foauth%2Fauthorize%3Fclient_id%3Dc%26state%3Ds"
    ).content.decode()
    assert "/accounts/2fa/totp/activate/" in page
    assert f'href="{ONWARD.replace("&", "&amp;")}"' in page  # continue without
    without.enrol()
    facts = sign_in_of(without.session)
    assert (facts.acr, facts.mfa_at is not None) == (ACR_MFA, True)
    assert without.get("/account/step-up/done/")["Location"] == ONWARD
    assert without.get("/account/step-up/done/")["Location"] == "/account/"


def test_step_up_leads_to_paths_of_ours_only(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET))
    page = here.get("/account/step-up/?next=//evil.example/&without=https://evil.example/").content.decode()
    assert "evil" not in page
    assert (
        here.post("/account/step-up/?next=//evil.example/", {"code": totp(SECRET, 1)})["Location"]
        == "/account/"
    )


def test_step_up_without_a_session_asks_for_sign_in(here):
    assert here.get("/account/step-up/?next=/account/")["Location"].startswith("/accounts/login/")


def test_the_second_factor_guards_its_own_removal(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET), trust="on")
    here.post("/accounts/logout/")
    here.sign_in(EMAIL)  # with the password alone, in the trusted browser
    answer = here.post("/accounts/2fa/totp/deactivate/")
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert here.get("/accounts/reauthenticate/")["Location"].startswith("/accounts/2fa/reauthenticate/")
    here.post(answer["Location"], {"code": totp(SECRET, 1)})
    assert not Authenticator.objects.filter(user=alice).exists()
    assert mails(EMAIL)[0].subject == "The authenticator app was removed"


def test_enrolment_long_after_sign_in_asks_for_the_password_first(without):
    age(without, minutes=16)
    answer = without.get("/accounts/2fa/totp/activate/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert (
        without.post(answer["Location"], {"password": PASSWORD})["Location"] == "/accounts/2fa/totp/activate/"
    )
    assert without.get("/accounts/2fa/totp/activate/").status_code == 200


def test_the_qr_code_is_inline_and_needs_no_wider_policy(without):
    answer = without.get("/accounts/2fa/totp/activate/")
    page = answer.content.decode()
    assert '<svg class="qr"' in page
    assert "style=" not in page
    assert "data:" not in answer["Content-Security-Policy"]


def test_secrets_are_not_in_the_tables_in_clear(without):
    secret, codes = without.enrol()
    without.get("/account/")
    without.post("/accounts/logout/")
    without.sign_in("carl@acme.example")
    without.enter_code(codes[0])
    rows = str(list(Authenticator.objects.values())) + str(list(Session.objects.values()))
    with connection.cursor() as cursor:
        cursor.execute("select cache_key, value from authsec_cache")
        rows += str([(key, b64decode(value)) for key, value in cursor.fetchall()])
    assert Authenticator.objects.count() == 2
    assert secret not in rows
    assert without.cookies["authsec_session"].value not in rows
    assert not [code for code in codes if code in rows]


def test_enrolment_is_told_by_mail(without):
    without.enrol()
    assert mails("carl@acme.example")[0].subject == "An authenticator app was set up"


def test_another_persons_unfinished_sign_in_is_not_the_sessions(alice, without):
    session = without.session
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()
    assert sign_in_of(without.session).amr == ()


def age(browser, **by):
    """Make the session's authentications older."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= timedelta(**by).total_seconds()
    session.save()


def test_between_password_and_code_the_form_may_return_to_the_client(alice, here, monkeypatch):
    monkeypatch.setattr(signin, "_describe", lambda url: Asking("c", "a", "t", "http://127.0.0.1:9"))
    here.sign_in(EMAIL, next=ONWARD)
    policy = here.get("/accounts/2fa/authenticate/")["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:9" in policy
    here.enter_code(totp(SECRET))
    policy = here.get("/account/step-up/", {"next": ONWARD})["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:9" in policy


def test_a_step_up_gives_the_session_a_new_key(alice, here):
    here.sign_in(EMAIL)
    here.enter_code(totp(SECRET))
    before = here.cookies["authsec_session"].value
    here.post("/account/step-up/", {"code": totp(SECRET, 1)})
    assert here.cookies["authsec_session"].value != before
    assert here.is_signed_in
    stale = Browser()
    stale.cookies["authsec_session"] = before
    assert not stale.is_signed_in
