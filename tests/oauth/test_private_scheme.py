"""A native program with a redirect scheme of its own gets its answer (RFC 8252 §7.1)."""

import pytest

from tests.oauth.world import ED, public_client, world

pytestmark = pytest.mark.django_db
REDIRECT = "cursor://anysphere.cursor-retrieval/oauth/callback"


def test_the_answer_reaches_a_private_use_scheme() -> None:
    it = world()
    it.client = public_client(redirect_uris=[REDIRECT])
    url, _ = it.query(redirect_uri=REDIRECT)
    browser = it.signed_in(ED)
    page = browser.get(url)
    assert page.status_code == 200
    assert "form-action cursor:" in page["Content-Security-Policy"].replace("'self' ", "")
    answer = it.answer(browser, url, scopes=["read"])
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"{REDIRECT}?code=")
