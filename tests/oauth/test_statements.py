"""How many statements the pages send that people who use apps meet: the consent page and their own account."""

import pytest

from tests.oauth.world import ED, World, world
from tests.statements import statements

pytestmark = pytest.mark.django_db
PAGES = {
    "/account/": 11,
    "/account/activity/": 3,
    "/account/connections/": 4,
    "/account/sessions/": 5,
    "/account/data/": 3,
    "/account/passkeys/": 3,
    "/account/delete/": 6,
    "/device/": 2,
}
CONSENT, CODE = 13, 18  # the page; and where it was allowed before, the answer with its code


@pytest.fixture
def it() -> World:
    return world()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_ones_own_takes_so_many_statements(page: str, it: World) -> None:
    browser = it.signed_in(ED)
    it.tokens(browser)
    browser.get(page)
    with statements() as sent:
        assert browser.get(page).status_code == 200
    assert len(sent) <= PAGES[page], sent


def test_the_consent_page_takes_so_many_statements(it: World) -> None:  # RFC 6749 §3.1
    browser = it.signed_in(ED)
    browser.get(it.query()[0])
    with statements() as asked:
        assert browser.get(it.query()[0]).status_code == 200
    it.consent(browser)
    with statements() as before:
        assert browser.get(it.query()[0]).status_code in (302, 303)
    assert len(asked) <= CONSENT, asked
    assert len(before) <= CODE, before
