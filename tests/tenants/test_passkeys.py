"""Passkeys (Web Authentication Level 3): added, used alone and beside a password, and every lie about them refused."""

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils import timezone

from tenants import passkeys
from tenants.identities import enrol_authenticator, register_identity
from tenants.signin import ACR_MFA, ACR_PASSWORD, sign_in_of
from tests.passkey import PRESENT, VERIFIED, Passkey
from tests.tenants.browser import PASSWORD, Browser, mails, totp
from tests.tenants.test_sign_in_second_factor import SECRET, age

pytestmark = pytest.mark.django_db
EMAIL, OTHER = "alice@acme.example", "bob@acme.example"
ONWARD = "/oauth/authorize?client_id=c&state=s"


def options(browser, purpose):
    answer = browser.post(f"/accounts/passkeys/options/{purpose}/")
    assert answer.status_code == 200, answer.content
    assert "no-store" in answer["Cache-Control"]
    return answer.json()


def add(browser, passkey, name="Laptop", **lies):
    answer = passkey.create(options(browser, "add"), **lies)
    return browser.post("/account/passkeys/add/", {"name": name, "credential": answer})


def sign_in(browser, passkey, **lies):
    answer = passkey.get(options(browser, "sign-in"), **lies)
    return browser.post("/accounts/passkeys/sign-in/", {"credential": answer, "next": ONWARD})


def person(email, passkey=None):
    """Somebody who signed up here, and their browser, signed in."""
    register_identity(email=email, password=PASSWORD, name=email[:3].title(), now=timezone.now())
    browser = Browser()
    browser.sign_in(email)
    if passkey:
        assert add(browser, passkey).status_code == 302
    return browser


def facts_of(browser):
    facts = sign_in_of(browser.session)
    return facts.amr, facts.acr, facts.mfa_at is not None


# --- Adding, naming, removing -----------------------------------------------------------------------------------------
def test_the_first_passkey_brings_recovery_codes_and_a_mail_and_counts_as_used():
    here = person(EMAIL)
    asked = options(here, "add")["publicKey"]
    assert asked["rp"] == {"name": "AuthSec", "id": "localhost"}
    assert asked["user"]["name"] == EMAIL
    assert asked["authenticatorSelection"]["residentKey"] == "preferred"
    answer = add(here, Passkey())
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert (
        len(re.findall(r"<li><code>\d{8}</code></li>", here.get(answer["Location"]).content.decode())) == 10
    )
    assert facts_of(here) == (("pwd", "hwk", "user", "mfa"), ACR_MFA, True)
    assert mails(EMAIL)[0].subject == "A passkey was added"
    page = here.get("/account/passkeys/").content.decode()
    assert "Laptop" in page
    assert "Signs you in by itself" in page


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone():
    here, other = person(EMAIL, Passkey()), person(OTHER)
    (row,) = Authenticator.objects.filter(type="webauthn")
    for deed in ("name", "remove"):
        assert other.post(f"/account/passkeys/{row.pk}/{deed}/", {"name": "mine"}).status_code == 404
    assert here.post(f"/account/passkeys/{row.pk}/name/", {"name": ""}).status_code == 422
    here.post(f"/account/passkeys/{row.pk}/name/", {"name": "Phone"})
    assert "Remove Phone?" in here.get(f"/account/passkeys/{row.pk}/remove/").content.decode()
    here.post(f"/account/passkeys/{row.pk}/remove/")
    assert not Authenticator.objects.exists()  # the recovery codes go with the last one
    assert mails(EMAIL)[0].subject == "A passkey was removed"


def test_who_signed_in_long_ago_confirms_before_adding_or_removing_one():
    passkey = Passkey()
    here = person(EMAIL, passkey)
    age(here, minutes=16)
    (row,) = Authenticator.objects.filter(type="webauthn")
    for path in ("/account/passkeys/add/", f"/account/passkeys/{row.pk}/remove/"):
        assert here.get(path)["Location"].startswith("/accounts/reauthenticate/")
    assert here.post("/accounts/passkeys/options/add/").status_code == 403
    answer = passkey.get(options(here, "confirm"))
    onward = "/account/passkeys/add/"
    assert (
        here.post("/accounts/passkeys/confirm/", {"credential": answer, "next": onward})["Location"] == onward
    )
    assert here.get(onward).status_code == 200


def test_one_person_keeps_twenty(monkeypatch):
    monkeypatch.setattr("tenants.own_passkeys.MOST", 2)
    here = person(EMAIL, Passkey())
    assert add(here, Passkey(), "Two").status_code == 302
    answer = add(here, Passkey(), "Three")
    assert answer.status_code == 422
    assert "Remove one" in answer.content.decode()


def test_a_passkey_that_somebody_has_is_not_taken_by_another():
    """§7.1 step 26."""
    passkey = Passkey()
    person(EMAIL, passkey)
    answer = add(person(OTHER), Passkey(id=passkey.id))
    assert answer.status_code == 422
    assert "in use already" in answer.content.decode()


@pytest.mark.parametrize(
    "lie",
    [
        {"type": "webauthn.get"},  # step 7
        {"challenge": "AAAA"},  # step 8
        {"origin": "http://localhost:8001"},  # step 9
        {"origin": "https://evil.example"},
        {"cross_origin": True},
        {"flags": VERIFIED | 0x40},  # step 15: nobody touched it
        {"alg": -65535},  # step 20: not asked for
    ],
    ids=str,
)
def test_a_new_passkey_with_a_lie_is_refused(lie):
    """§7.1."""
    assert add(person(EMAIL), Passkey(), **lie).status_code == 422
    assert not Authenticator.objects.exists()


# --- Signing in with it alone -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("synced", "word"), [(False, "hwk"), (True, "swk")])
def test_a_verified_passkey_signs_in_alone_and_is_two_factors(synced, word):
    """RFC 8176 §2: hwk or swk by where the key lives, user, and mfa."""
    passkey = Passkey(synced=synced)
    person(EMAIL, passkey)
    here = Browser()
    asked = options(here, "sign-in")["publicKey"]
    assert asked["userVerification"] == "required"
    assert "allowCredentials" not in asked  # nothing is told of anybody
    assert sign_in(here, passkey)["Location"] == ONWARD
    assert here.is_signed_in
    assert facts_of(here) == ((word, "user", "mfa"), ACR_MFA, True)
    assert here.session.get_expire_at_browser_close()


def test_the_tick_that_keeps_one_signed_in_counts_for_passkeys_too():
    passkey = Passkey()
    person(EMAIL, passkey)
    here = Browser()
    answer = passkey.get(options(here, "sign-in"))
    here.post("/accounts/passkeys/sign-in/", {"credential": answer, "remember": "on"})
    assert not here.session.get_expire_at_browser_close()


def test_an_authenticator_app_is_not_asked_for_after_a_passkey():
    passkey = Passkey()
    person(EMAIL, passkey)
    enrol_authenticator(identity=Authenticator.objects.first().user, secret=SECRET)
    assert sign_in(Browser(), passkey)["Location"] == ONWARD


def refused(browser, answer):
    assert answer.status_code == 422
    assert "That did not work" in answer.content.decode()
    assert not browser.is_signed_in


@pytest.mark.parametrize(
    "lie",
    [
        {"type": "webauthn.create"},  # step 11
        {"challenge": "AAAA"},  # step 12
        {"origin": "http://localhost:8001"},  # step 13
        {"origin": "http://sub.localhost:8000"},
        {"origin": "https://evil.example"},
        {"cross_origin": True},  # step 14
        {"rp": "evil.example"},  # step 16
        {"flags": VERIFIED},  # step 17
        {"flags": PRESENT},  # step 18: nobody made sure who held it
        {"signature": b"0" * 70},  # step 21
        {"uses": 0},  # step 22: a copy that counted less
        {"handle": b""},  # step 6
    ],
    ids=str,
)
def test_a_lie_signs_nobody_in(lie):
    """§7.2, by the step that catches it."""
    passkey = Passkey()
    person(EMAIL, passkey)
    here = Browser()
    refused(here, sign_in(here, passkey, **lie))
    assert sign_in(here, passkey)["Location"] == ONWARD


def test_an_answer_counts_once_and_in_its_own_browser():
    """§7.2 step 12: the challenge is this session's, and used up by its first answer."""
    passkey = Passkey(counts=False)
    person(EMAIL, passkey)
    here, there = Browser(), Browser()
    answer = {"credential": passkey.get(options(here, "sign-in"))}
    refused(there, there.post("/accounts/passkeys/sign-in/", answer))
    options(there, "sign-in")
    refused(there, there.post("/accounts/passkeys/sign-in/", answer))
    assert here.post("/accounts/passkeys/sign-in/", answer).status_code == 302
    here.post("/accounts/logout/")
    refused(here, here.post("/accounts/passkeys/sign-in/", answer))
    asked = options(here, "sign-in")
    wrong = passkey.get(asked, origin="https://evil.example")
    refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": wrong}))
    right = passkey.get(asked)  # of the same challenge
    refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": right}))


def test_an_answer_comes_within_ten_minutes():
    passkey = Passkey()
    person(EMAIL, passkey)
    here = Browser()
    asked = options(here, "sign-in")
    session = here.session
    session[passkeys.ASKED][0]["at"] = time.time() - passkeys.ANSWERED_WITHIN - 1
    session.save()
    refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": passkey.get(asked)}))


def test_anothers_name_on_ones_own_passkey_signs_nobody_in():
    """§7.2 step 6: what says whose it is is not signed."""
    mine, theirs = Passkey(), Passkey()
    person(EMAIL, theirs)
    person(OTHER, mine)
    here = Browser()
    refused(here, sign_in(here, mine, handle=theirs.handle))
    stolen = Passkey(id=theirs.id, handle=theirs.handle)  # another key under their name
    refused(here, sign_in(here, stolen))


def test_a_question_after_a_password_is_not_answered_as_a_sign_in():
    """An unverified key is a second factor, never the only one, whatever it was asked for."""
    key, victims = Passkey(verifies=False), Passkey(verifies=False)
    person(OTHER, key)
    person(EMAIL, victims)
    here = Browser()
    assert here.sign_in(OTHER)["Location"] == "/accounts/2fa/authenticate/"
    asked = options(here, "second-factor")
    assert asked["publicKey"]["userVerification"] == "preferred"
    for passkey in (victims, key):
        answer = passkey.get(asked, flags=PRESENT | VERIFIED)
        refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": answer}))


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", "null", '{"id": 1}', "[" * 9_000, "1e999", '{"rawId": "\\u0000"}', "a" * 20_001],
    ids=range(10),
)
def test_nonsense_is_refused_as_such(text):
    here, known = Browser(), person(EMAIL)
    refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": text}))
    assert known.post("/account/passkeys/add/", {"name": "n", "credential": text}).status_code == 422
    assert known.post("/accounts/passkeys/confirm/", {"credential": text}).status_code == 422
    broken = json.loads(Passkey(handle=b"x").get(options(here, "sign-in")))
    broken["response"] = dict.fromkeys(broken["response"], text)
    refused(here, here.post("/accounts/passkeys/sign-in/", {"credential": json.dumps(broken)}))


def test_a_closed_account_is_not_opened_by_a_passkey():
    passkey = Passkey()
    person(EMAIL, passkey)
    user = Authenticator.objects.first().user
    user.is_active = False
    user.save()
    assert sign_in(Browser(), passkey)["Location"] == "/accounts/inactive/"


def test_questions_have_a_limit(monkeypatch):
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "passkey", "2/m/ip")
    here = Browser()
    answers = [here.post("/accounts/passkeys/options/sign-in/").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_what_nobody_knows_is_not_asked():
    here = Browser()
    assert here.post("/accounts/passkeys/options/nothing/").status_code == 404
    for purpose in ("second-factor", "confirm", "add"):
        assert here.post(f"/accounts/passkeys/options/{purpose}/").status_code == 403
    for _ in range(9):
        options(here, "sign-in")
    assert len(here.session[passkeys.ASKED]) == passkeys.ASKED_AT_MOST


# --- Beside a password ------------------------------------------------------------------------------------------------
def test_after_the_password_any_passkey_is_the_second_factor():
    """RFC 8176 §2: an unverified key proves possession, and with the password that is mfa."""
    key = Passkey(verifies=False)
    person(EMAIL, key)
    here = Browser()
    assert here.sign_in(EMAIL, next=ONWARD)["Location"] == "/accounts/2fa/authenticate/"
    page = here.get("/accounts/2fa/authenticate/").content.decode()
    assert 'data-options="/accounts/passkeys/options/second-factor/"' in page
    assert "recovery codes" in page
    assert "authenticator app" not in page
    wrong = Passkey(id=key.id).get(options(here, "second-factor"))
    answer = here.post("/accounts/2fa/authenticate/", {"credential": wrong})
    assert answer.status_code == 422
    assert "work here" in answer.content.decode()
    right = key.get(options(here, "second-factor"), handle=b"")
    assert here.post("/accounts/2fa/authenticate/", {"credential": right})["Location"] == ONWARD
    assert facts_of(here) == (("pwd", "hwk", "user", "mfa"), ACR_MFA, True)


def test_anothers_passkey_is_no_second_factor():
    mine, theirs = Passkey(), Passkey()
    person(EMAIL, mine)
    person(OTHER, theirs)
    here = Browser()
    here.sign_in(EMAIL)
    for handle in (theirs.handle, mine.handle, b""):
        answer = theirs.get(options(here, "second-factor"), handle=handle)
        assert here.post("/accounts/2fa/authenticate/", {"credential": answer}).status_code == 422
    assert not here.is_signed_in


def test_a_step_up_takes_the_passkey_or_a_code_whichever_one_has():
    passkey = Passkey()
    here = person(EMAIL, passkey)
    enrol_authenticator(identity=Authenticator.objects.first().user, secret=SECRET)
    age(here, hours=20)
    page = here.get("/account/step-up/", {"next": ONWARD}).content.decode()
    assert 'action="/accounts/passkeys/confirm/"' in page
    assert 'name="code"' in page
    before = here.cookies["authsec_session"].value
    answer = {"credential": passkey.get(options(here, "confirm")), "next": ONWARD}
    assert here.post("/accounts/passkeys/confirm/", answer)["Location"] == ONWARD
    facts = sign_in_of(here.session)
    assert (timezone.now() - facts.mfa_at).total_seconds() < 60
    assert here.cookies["authsec_session"].value != before  # an older copy of the cookie proves nothing
    assert here.post("/account/step-up/?next=/account/", {"code": totp(SECRET)})["Location"] == "/account/"


def test_an_unverified_key_does_not_renew_a_session_that_it_did_not_begin():
    """Possession alone is one factor where no password went before."""
    passkey = Passkey()
    person(EMAIL, passkey)
    here = Browser()
    sign_in(here, passkey)
    age(here, hours=20)
    before = sign_in_of(here.session)
    passkey.verifies = False
    answer = {"credential": passkey.get(options(here, "confirm")), "next": ONWARD}
    assert here.post("/accounts/passkeys/confirm/", answer).status_code == 302
    assert sign_in_of(here.session).mfa_at == before.mfa_at


def test_who_has_none_is_offered_both_in_the_step_up_and_goes_on_after_adding_one():
    here = person(EMAIL)
    page = here.get("/account/step-up/", {"next": ONWARD}).content.decode()
    assert "/account/passkeys/add/" in page
    assert "/accounts/2fa/totp/activate/" in page
    assert 'name="code"' not in page
    codes = add(here, Passkey())["Location"]
    assert "/account/step-up/done/" in here.get(codes).content.decode()
    assert here.get("/account/step-up/done/")["Location"] == ONWARD
    assert facts_of(here)[1:] == (ACR_MFA, True)


def test_a_password_alone_neither_confirms_nor_claims_a_second_factor_for_who_has_a_passkey():
    here = person(EMAIL, Passkey())
    (row,) = Authenticator.objects.filter(type="webauthn")
    here.post("/accounts/logout/")
    here.sign_in(EMAIL)
    assert not here.is_signed_in
    assert here.get("/accounts/reauthenticate/")["Location"].startswith("/accounts/login/")
    row.delete()
    there = Browser()
    there.sign_in(EMAIL)
    assert facts_of(there) == (("pwd",), ACR_PASSWORD, False)


def test_a_confirmation_leads_to_paths_of_ours_only():
    passkey = Passkey()
    here = person(EMAIL, passkey)
    for onward in ("//evil.example/", "https://evil.example/"):
        answer = {"credential": passkey.get(options(here, "confirm")), "next": onward}
        assert here.post("/accounts/passkeys/confirm/", answer)["Location"] == "/account/"
