"""Signing up, confirming, signing in and out, and where one goes from there."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone

from tenants import signin
from tenants.models import Identity
from tenants.signin import ACR_PASSWORD, Asking, own_path, sign_in_of
from tests.tenants.browser import PASSWORD, Browser, link_to, mails

pytestmark = pytest.mark.django_db
AUTHORIZE = "/oauth/authorize?client_id=c&scope=a+b&state=x%26y&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb"


@pytest.fixture
def here():
    return Browser()


def letter(name: str) -> str:
    """The HTML of a message in the outbox."""
    parsed = message_from_bytes((Path(settings.EMAIL_FILE_PATH) / name).read_bytes(), policy=policy.default)
    return str(parsed.get_body(("html",)).get_content())


@pytest.fixture
def many_mails(settings):
    """Let an address be mailed more than once a minute."""
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}


@pytest.fixture
def elsewhere():
    return Browser()


def test_who_signed_up_and_confirmed_goes_on_where_they_were(here):
    answer = here.sign_up("ed@people.example", next=AUTHORIZE)
    assert answer["Location"].startswith("/accounts/confirm-email/?next=")
    answer = here.post(link_to("ed@people.example"))
    assert answer["Location"] == AUTHORIZE
    assert here.is_signed_in


def test_the_page_names_the_mailbox_whether_it_has_an_account_or_not(here, elsewhere, many_mails):
    first = here.get(here.sign_up("ed@people.example")["Location"]).text
    assert "We sent a link to <b><bdi>ed@people.example</bdi></b>" in first
    (mail,) = mails("ed@people.example")
    assert letter(mail.name).count('href="http://localhost:8000/accounts/confirm-email/') == 1
    here.post(link_to("ed@people.example"))
    assert elsewhere.get(elsewhere.sign_up("ed@people.example")["Location"]).text == first
    assert "It has one already" in letter(mails("ed@people.example")[0].name)


def test_the_link_in_another_browser_leads_on_through_sign_in(here, elsewhere):
    here.sign_up("ed@people.example", next=AUTHORIZE)
    link = link_to("ed@people.example")
    assert "Is this your address?" in elsewhere.get(link).content.decode()
    assert elsewhere.post(link)["Location"] == AUTHORIZE
    assert not elsewhere.is_signed_in
    assert elsewhere.sign_in("ed@people.example", next=AUTHORIZE)["Location"] == AUTHORIZE
    assert here.sign_in("ed@people.example", next=AUTHORIZE)["Location"] == AUTHORIZE


def test_a_link_works_once(here, elsewhere):
    here.join("ed@people.example")
    answer = elsewhere.get(link_to("ed@people.example"))
    assert answer.status_code == 404
    assert "not valid any more" in answer.content.decode()
    assert elsewhere.post(link_to("ed@people.example")).status_code == 404


def test_who_has_not_confirmed_reaches_neither_console_nor_account(here):
    here.sign_up("ed@people.example")
    assert not here.is_signed_in
    answer = here.sign_in("ed@people.example", next=AUTHORIZE)
    assert answer["Location"].startswith("/accounts/confirm-email/")
    assert not here.is_signed_in
    assert here.get("/t/acme-corp/end-users/").status_code in (302, 404)


def test_signing_in_unconfirmed_mails_a_link_that_keeps_next(here, elsewhere, many_mails):
    here.sign_up("ed@people.example")
    elsewhere.sign_in("ed@people.example", next=AUTHORIZE)
    assert here.post(link_to("ed@people.example"))["Location"] == AUTHORIZE


def test_signing_up_with_a_taken_address_looks_the_same_and_tells_its_owner(here, elsewhere, many_mails):
    first = here.join("ed@people.example") and elsewhere.sign_up("new@people.example")
    second = Browser().sign_up("ed@people.example")
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert mails("ed@people.example")[0].subject == "You have an account already"
    assert Identity.objects.filter(email="ed@people.example").count() == 1


def test_without_open_sign_up_nobody_signs_up_who_was_not_invited(here, settings):
    settings.SIGNUP = "invited"
    assert here.get("/accounts/signup/").status_code == 403
    assert here.sign_up("ed@people.example").status_code == 403
    assert not Identity.objects.exists()


def test_a_password_sign_in_says_so(here):
    here.join("ed@people.example")
    here.post("/accounts/logout/")
    here.sign_in("ed@people.example")
    facts = sign_in_of(here.session)
    assert (facts.amr, facts.acr, facts.mfa_at) == (("pwd",), ACR_PASSWORD, None)
    assert timezone.now() - facts.auth_time < timedelta(minutes=1)


def test_signing_up_counts_as_a_password_sign_in(here):
    here.join("ed@people.example")
    assert sign_in_of(here.session).amr == ("pwd",)


def test_signing_in_gives_the_session_a_new_key(here):
    here.join("ed@people.example")
    here.post("/accounts/logout/")
    here.get("/accounts/login/?next=/account/")
    here.sign_up("somebody@people.example")  # makes an anonymous session
    before = here.cookies["authsec_session"].value
    here.sign_in("ed@people.example")
    assert here.cookies["authsec_session"].value != before
    assert here.cookies["authsec_session"]["httponly"]


def test_signing_out_takes_a_post(here):
    here.join("ed@people.example")
    assert here.get("/accounts/logout/").status_code == 200
    assert here.is_signed_in
    here.post("/accounts/logout/")
    assert not here.is_signed_in


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://testserver/",
        "http://localhost:8000/account/",
        "/\tevil",
        "/ok\r\nSet-Cookie: a=b",
        "evil",
        "//evil.example/?" + "a" * 3000,
        "/?" + "a" * 14_000,
    ],
)
def test_next_leads_to_paths_of_ours_only(here, elsewhere, target):
    assert own_path(target) is None
    here.sign_up("ed@people.example", next=target)
    assert "next=" not in mails("ed@people.example")[0].text
    assert here.post(link_to("ed@people.example"))["Location"] == "/"
    assert elsewhere.sign_in("ed@people.example", next=target)["Location"] == "/"
    assert elsewhere.post("/accounts/logout/", {"next": target})["Location"] == "/accounts/login/"


def test_a_reset_link_sets_a_new_password_and_leads_on(here, elsewhere):
    here.join("ed@people.example")
    elsewhere.post(
        f"/accounts/password/reset/?then={AUTHORIZE.replace('&', '%26')}", {"email": "ed@people.example"}
    )
    link = link_to("ed@people.example")
    page = elsewhere.get(link)["Location"]
    assert "set-password" in page
    answer = elsewhere.post(page, {"password1": "another long password"})
    assert answer["Location"].startswith("/oauth/authorize")
    assert not here.is_signed_in
    assert mails("ed@people.example")[0].subject == "A new password was set"
    assert elsewhere.get(link).status_code == 400
    assert elsewhere.sign_in("ed@people.example").status_code == 422
    assert elsewhere.sign_in("ed@people.example", "another long password").status_code == 302


def test_a_reset_does_not_say_whether_an_account_exists(here):
    here.join("ed@people.example")
    here.post("/accounts/logout/")
    answers = [
        here.post("/accounts/password/reset/", {"email": email})
        for email in ("ed@people.example", "nobody@people.example")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {
        (302, "/accounts/password/reset/done/")
    }


def test_changing_the_address_takes_effect_when_confirmed_and_tells_the_old_one(here, elsewhere):
    here.join("ed@people.example")
    here.post("/accounts/email/", {"email": "ed@new.example", "action_add": "1"})
    assert Identity.objects.get().email == "ed@people.example"
    assert here.post(link_to("ed@new.example"))["Location"] == "/account/"
    assert Identity.objects.get().email == "ed@new.example"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("ed@new.example", True)]
    notice = mails("ed@people.example")[0]
    assert notice.subject == "Your e-mail address was changed"
    assert "ed@new.example" in notice.text
    assert elsewhere.sign_in("ed@new.example").status_code == 302
    assert Browser().sign_in("ed@people.example").status_code == 422


def test_an_address_that_was_only_claimed_gives_way_to_its_owner(here, elsewhere, many_mails):
    elsewhere.sign_up("ed@new.example")  # never confirmed
    here.join("ed@people.example")
    here.post("/accounts/email/", {"email": "ed@new.example", "action_add": "1"})
    here.post(link_to("ed@new.example"))
    assert list(Identity.objects.values_list("email", flat=True)) == ["ed@new.example"]


def test_changing_the_address_long_after_sign_in_asks_again(here):
    here.join("ed@people.example")
    age(here, minutes=16)
    answer = here.post("/accounts/email/", {"email": "ed@new.example", "action_add": "1"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not mails("ed@new.example")
    here.post(answer["Location"], {"password": PASSWORD})
    assert mails("ed@new.example")


def test_changing_the_password_keeps_this_session_and_ends_the_others(here, elsewhere):
    here.join("ed@people.example")
    elsewhere.sign_in("ed@people.example")
    answer = here.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "another long password"}
    )
    assert answer.status_code == 302
    assert here.is_signed_in
    assert not elsewhere.is_signed_in
    assert mails("ed@people.example")[0].subject == "Your password was changed"


def test_mailed_links_follow_the_public_address_not_the_host_header(here):
    here.post(
        "/accounts/signup/",
        {"email": "ed@people.example", "password1": PASSWORD},
        headers={"host": "evil.example"},
    )
    assert mails("ed@people.example")[0].links[0].startswith("http://localhost:8000/accounts/confirm-email/")
    assert "evil" not in mails("ed@people.example")[0].text


def age(browser, **by):
    """Make the session's authentications older."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= timedelta(**by).total_seconds()
    session.save()


def test_a_name_is_saved_and_may_be_taken_back(here):
    here.join("ed@people.example")
    assert here.post("/account/name/", {"name": "Ed Okafor"}).status_code == 302
    assert "Ed Okafor" in here.get("/account/").content.decode()
    assert here.post("/account/name/", {"name": "x" * 151}).status_code == 422
    assert here.post("/account/name/", {"name": "a\0b"}).status_code == 422
    here.post("/account/name/", {"name": ""})
    assert Identity.objects.get().name == ""


def test_the_sign_in_page_says_who_asks_and_lets_its_form_return_there(here, monkeypatch):
    described = Asking("<i>Claude Code", "deploy-mcp", "acme-corp", "http://127.0.0.1:9")
    monkeypatch.setattr(signin, "_describe", lambda url: described if url == AUTHORIZE else None)
    here.sign_up("ed@people.example")
    answer = here.get("/accounts/login/", {"next": AUTHORIZE})
    page = answer.content.decode()
    assert (
        "&lt;i&gt;Claude Code</bdi> asks for <b><bdi>deploy-mcp</bdi></b> at <b><bdi>acme-corp</bdi></b>"
        in page
    )
    assert "Signing in doesn’t give anything away yet." in page
    assert "form-action 'self' http://127.0.0.1:9" in answer["Content-Security-Policy"]
    plain = here.get("/accounts/login/", {"next": "/account/"})
    assert "asks for" not in plain.content.decode()
    assert "127.0.0.1" not in plain["Content-Security-Policy"]


def test_a_mail_server_that_is_down_undoes_nothing(here, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with caplog.at_level("CRITICAL"):
        assert here.sign_up("ed@people.example").status_code == 302
    assert Identity.objects.filter(email="ed@people.example").exists()
