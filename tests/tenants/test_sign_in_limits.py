"""Guessing, flooding and nonsense at sign-in: counted, refused with a reason, never a fault."""

import base64

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.utils import timezone

from tenants.identities import enrol_authenticator, register_identity
from tests.tenants.browser import PASSWORD, Browser, mails, totp

pytestmark = pytest.mark.django_db
SECRET = base64.b32encode(b"twenty secret bytes!").decode()
EMAIL = "alice@acme.example"


@pytest.fixture
def alice():
    return register_identity(email=EMAIL, password=PASSWORD, now=timezone.now())


@pytest.fixture
def here():
    return Browser()


def fail(browser, email, times, **extra):
    return [browser.sign_in(email, "a wrong password", **extra).status_code for _ in range(times)]


@pytest.mark.parametrize("email", [EMAIL, "nobody@acme.example"])
def test_five_wrong_passwords_lock_an_address_whether_it_exists_or_not(alice, here, email):
    assert fail(here, email, 6) == [422] * 5 + [429]
    answer = here.sign_in(email)
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()
    assert answer["Retry-After"]


def test_a_refusal_says_the_same_for_known_and_unknown_addresses(alice, here):
    def words(email):
        page = here.sign_in(email, "a wrong password").content.decode()
        return page[page.index("<h1>") :].replace(email, "")

    def plain(page):
        return "".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)

    assert plain(words(EMAIL)) == plain(words("nobody@acme.example"))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-requested-with": "XMLHttpRequest"},
        {"accept": "application/json"},
        {"host": "other.example"},
        {"x-forwarded-for": "203.0.113.9"},
    ],
)
def test_no_header_gets_around_the_counting(alice, headers):
    tries = [
        Browser(headers=headers | {"x-forwarded-for": f"203.0.113.{n}"})
        .sign_in(EMAIL, "wrong password")
        .status_code
        for n in range(6)
    ]
    assert tries[-1] == 429
    assert Browser().sign_in(EMAIL).status_code == 429


def test_upper_case_and_spaces_are_the_same_account(alice, here):
    fail(here, EMAIL, 3)
    fail(here, EMAIL.upper(), 2)
    assert here.sign_in(f" {EMAIL} ").status_code == 429


def test_one_address_cannot_try_many_accounts(here, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/m/ip,5/5m/key"}
    codes = [fail(here, f"somebody{n}@acme.example", 1)[0] for n in range(4)]
    assert codes == [422, 422, 422, 429]


def test_behind_a_trusted_proxy_the_clients_address_counts(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/m/ip,5/5m/key"}
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    for n in range(4):
        Browser(headers={"x-forwarded-for": "203.0.113.1"}).sign_in(f"s{n}@acme.example")
    assert fail(Browser(headers={"x-forwarded-for": "203.0.113.1"}), "x@acme.example", 1) == [429]
    assert fail(Browser(headers={"x-forwarded-for": "203.0.113.2"}), "x@acme.example", 1) == [422]


def test_success_does_not_use_up_the_tries(alice, here):
    for _ in range(7):
        assert here.sign_in(EMAIL).status_code == 302
        here.post("/accounts/logout/")
    assert here.sign_in(EMAIL).status_code == 302


def test_codes_are_limited_too(alice, here):
    enrol_authenticator(identity=alice, secret=SECRET)
    here.sign_in(EMAIL)
    assert [here.enter_code("000000").status_code for _ in range(6)] == [422] * 5 + [429]
    assert here.enter_code(totp(SECRET)).status_code == 429


def test_flooding_a_page_is_answered_429_in_our_look(here, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    answers = [here.sign_in("nobody@acme.example") for _ in range(3)]
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].content.decode()
    assert answers[-1]["Retry-After"] == "60"


def test_reset_mails_are_limited_by_address(here):
    codes = [
        here.post("/accounts/password/reset/", {"email": "nobody@acme.example"}).status_code for _ in range(6)
    ]
    assert codes == [302] * 5 + [429]


LONG = f"{'a' * 60}@{'.'.join(['b' * 50] * 4)}.example"  # well formed, and longer than an address may be
NONSENSE = [
    LONG,
    "\0",
    "a\0b@acme.example",
    "x" * 300_000,
    "😀" * 100,
    "' or 1=1 --",
    "\u202e@\u202e",
    "%00",
    "@",
]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/login/", ("login", "password")),
        ("/accounts/signup/", ("email", "password1")),
        ("/accounts/password/reset/", ("email",)),
    ],
)
def test_nonsense_in_forms_gets_a_reason(here, settings, path, fields, text):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": None}
    answer = here.post(path, dict.fromkeys(fields, text))
    assert answer.status_code in (413, 400, 422)
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize("text", NONSENSE[:7], ids=range(7))
def test_nonsense_as_code_or_password_gets_a_reason(alice, here, text):
    here.sign_in(EMAIL)
    for path, field in [
        ("/accounts/password/change/", "oldpassword"),
        ("/accounts/email/", "email"),
        ("/accounts/2fa/totp/activate/", "code"),
        ("/accounts/reauthenticate/", "password"),
    ]:
        answer = here.post(path, {field: text, "action_add": "1"})
        assert answer.status_code in (400, 413, 422, 429), path
    enrol_authenticator(identity=alice, secret=SECRET)
    assert here.post("/account/step-up/", {"code": text}).status_code in (400, 422)
    cache.clear()
    other = Browser()
    other.sign_in(EMAIL)
    assert other.enter_code(text).status_code in (400, 422)
    assert other.post("/accounts/2fa/authenticate/", {}).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/confirm-email/x/",
        "/accounts/confirm-email/MQ:1xUwyu:suyipE7sxm3AyoCtf9Fm7bG9tPtHNyI4KWtFzbyANNM/",
        "/accounts/password/reset/key/0-x/",
        "/accounts/password/reset/key/zz-set-password/",
        "/accounts/password/reset/key/zz-%00/",
        "/dev/mail/..%2f..%2fetc",
        "/dev/mail/%00",
    ],
)
def test_made_up_links_are_refused(here, path):
    assert here.get(path).status_code in (400, 404)
    assert here.post(path, {"password1": "x"}).status_code in (400, 404)


@pytest.mark.parametrize(
    "query", ["next=%00", "next=/%00", "email=%00", "next=" + "x" * 5000, "next=%ff%fe", "then=%00"]
)
def test_nonsense_in_the_query_is_ignored(alice, here, query):
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/logout/"):
        assert here.get(f"{path}?{query}").status_code in (200, 302)
    assert here.post(f"/accounts/login/?{query}", {"login": EMAIL, "password": PASSWORD}).status_code == 302
    for path in ("/account/step-up/", "/account/step-up/done/", "/accounts/confirm-email/"):
        assert here.get(f"{path}?{query}").status_code in (200, 302)


def test_nonsense_cookies_are_ignored(alice, here):
    for name in ("authsec_session", "authsec_trusted", "csrftoken", "theme"):
        here.cookies[name] = "x\\000" * 50
    assert here.get("/accounts/login/").status_code == 200
    assert here.sign_in(EMAIL).status_code in (302, 403)


def test_an_address_taken_between_check_and_insert_is_answered_like_any_taken_one(alice, here, monkeypatch):
    monkeypatch.setattr(
        "allauth.account.internal.flows.manage_email.assess_unique_email", lambda email, user=None: True
    )
    assert here.sign_up(EMAIL)["Location"].startswith("/accounts/confirm-email/")
    assert mails(EMAIL)[0].subject == "You have an account already"


def test_account_pages_are_kept_in_no_cache(alice, here):
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        assert "no-store" in here.get(path)["Cache-Control"]
