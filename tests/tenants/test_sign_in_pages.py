"""Every page of sign-in and account: it renders, obeys the strict policy, and labels what it asks for."""

import re

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from tenants.adapters import NOBODY
from tenants.identities import register_identity
from tests.tenants.browser import PASSWORD, Browser

pytestmark = pytest.mark.django_db
NAMES = sorted(
    name
    for name in get_resolver().reverse_dict
    if isinstance(name, str) and name.startswith(("account_", "mfa_", "stepup", "mailbox"))
)
ARGUMENTS = {
    "account_confirm_email": ["MQ:1xUwyu:suyipE7sxm3AyoCtf9Fm7bG9tPtHNyI4KWtFzbyANNM"],
    "account_reset_password_from_key": ["0", "x"],
    "account_end_session": [NOBODY],
    "account_forget_one_browser": [NOBODY],
}
FORBIDDEN = re.compile(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|<style")


def pages(browser):
    """Each page's path and answer."""
    for name in NAMES:
        path = reverse(name, args=ARGUMENTS.get(name, []))
        yield path, browser.get(path)


def people():
    stranger, member, enrolled, without_password = Browser(), Browser(), Browser(), Browser()
    identity = register_identity(email="ed@people.example", password=PASSWORD, now=timezone.now())
    member.sign_in(identity.email)
    register_identity(email="al@people.example", password=PASSWORD, now=timezone.now())
    enrolled.sign_in("al@people.example")
    enrolled.enrol()
    without_password.force_login(
        register_identity(email="jo@people.example", password=None, now=timezone.now())
    )
    return stranger, member, enrolled, without_password


@pytest.mark.parametrize("who", range(4), ids=["stranger", "member", "enrolled", "without a password"])
def test_every_page_answers_and_obeys_the_policy(who):
    browser = people()[who]
    assert len(NAMES) > 25
    for path, answer in pages(browser):
        assert answer.status_code in (200, 302, 400, 403, 404, 405), path
        if answer.status_code == 200:
            page = answer.content.decode()
            assert not FORBIDDEN.search(page), (path, FORBIDDEN.search(page))
            assert "<h1" in page, path
            assert '<main class="sheet-card' in page, path


def test_what_a_password_manager_needs_is_said():
    stranger, member, enrolled, _without = people()
    wanted = {
        (stranger, "/accounts/login/"): {"login": "username webauthn", "password": "current-password"},
        (stranger, "/accounts/signup/"): {"email": "username", "password1": "new-password"},
        (stranger, "/accounts/password/reset/"): {"email": "email"},
        (member, "/accounts/password/change/"): {
            "oldpassword": "current-password",
            "password1": "new-password",
        },
        (member, "/accounts/2fa/totp/activate/"): {"code": "one-time-code"},
        (member, "/accounts/reauthenticate/"): {"password": "current-password"},
        (enrolled, "/account/step-up/"): {"code": "one-time-code"},
    }
    for (browser, path), fields in wanted.items():
        page = browser.get(path).content.decode()
        for name, hint in fields.items():
            inputs = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
            assert any(f'autocomplete="{hint}"' in tag for tag in inputs), (path, name)


def test_a_closed_account_is_told_so_only_after_the_right_password():
    identity = register_identity(email="ed@people.example", password=PASSWORD, now=timezone.now())
    identity.is_active = False
    identity.save()
    assert Browser().sign_in(identity.email, "a wrong password").status_code == 422
    answer = Browser().sign_in(identity.email)
    assert answer["Location"] == "/accounts/inactive/"
    assert "This account is closed" in Browser().get(answer["Location"]).content.decode()
