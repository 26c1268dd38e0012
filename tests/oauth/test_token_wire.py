"""The token endpoint's wire: forms, origins, the statements that a request costs, what cleaning up leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth import cleanup
from oauth.errors import described
from tests import cast
from tests.oauth.assertions import SECOND, ask, assertion, robot
from tests.oauth.world import ED, account, basic, world

pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == code
    assert answer["Cache-Control"] == "no-store"  # RFC 6749 §5.1


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"grant_type=refresh_token&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"a=1&" * 500, "application/x-www-form-urlencoded"),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"a" * 70_000, "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_proper_form_is_a_400(path: str, body: bytes, media: str) -> None:
    answer = Browser().post(path, body, content_type=media)
    assert answer.status_code in (400, 401, 413)
    assert answer.json()["error"]


def test_a_get_and_parameters_in_the_url_are_refused() -> None:  # RFC 6749 §3.2
    assert Browser().get("/oauth/token").status_code == 405
    answer = Browser().post(
        "/oauth/token?client_secret=x", "a=b", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


def test_browsers_of_any_origin_may_use_token_revoke_and_register_but_not_authorize() -> None:
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/register"):
        answer = Browser().options(path, headers={"Origin": "https://app.example"})
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Origin"] == "*"
    for path in ("/oauth/authorize", "/oauth/introspect"):
        assert "Access-Control-Allow-Origin" not in Browser().options(
            path, headers={"Origin": "https://a.example"}
        )


# --- cost -----------------------------------------------------------------------------------------


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was sent besides BEGIN, settings and COMMIT."""
    told = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [query["sql"] for query in captured if not query["sql"].upper().startswith(told)]


def test_exchange_refresh_and_client_credentials_stay_within_their_statements() -> None:  # performance.md
    it = world()
    client, secret, robot = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    code, verifier = it.consent(it.signed_in(ED))
    with CaptureQueriesContext(connection) as exchange:
        token = it.exchange(code, verifier).json()["refresh_token"]
    with CaptureQueriesContext(connection) as refresh:
        assert it.refresh(token).status_code == 200
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    with CaptureQueriesContext(connection) as credentials:
        assert it.post(form, **basic(client.client_id, secret)).status_code == 200
    assert len(statements(exchange)) <= 4, statements(exchange)
    assert len(statements(refresh)) <= 4, statements(refresh)
    assert len(statements(credentials)) <= 3, statements(credentials)


def test_what_is_over_is_deleted_in_batches() -> None:
    it = world()
    for _ in range(3):
        it.tokens(it.signed_in(ED))
    later = timezone.now() + timedelta(days=2)
    assert cleanup.delete_expired(now=timezone.now(), batch=2) == dict.fromkeys(cleanup.KEPT, 0)
    deleted = cleanup.delete_expired(now=later, batch=2)
    assert deleted == dict.fromkeys(cleanup.KEPT, 0) | {"oauth_grant": 3, "oauth_accesstoken": 3}
    assert cleanup.delete_expired(now=later + timedelta(days=90), batch=2)["oauth_refreshtoken"] == 3


def test_a_refusal_is_spelt_in_the_letters_that_the_rfc_allows() -> None:  # RFC 6749 §5.2
    assert (
        described("The client’s “key” (RFC 7523 §3) at C:\\é…")
        == "The client's 'key' (RFC 7523 section 3) at C:/?..."
    )
    it = world()
    client, _ = robot(it)
    said = ask(it, assertion(client.client_id, SECOND, {"kid": "one"})).json()["error_description"]
    assert said == "The assertion's signature does not fit the client's key."
