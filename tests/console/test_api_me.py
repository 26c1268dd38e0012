"""What the API says about the token's bearer."""

import pytest

from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db


def test_it_says_who_i_am() -> None:
    acme = cast.open_tenant()
    olga = cast.owner_of(acme)
    answer = Api(token_of(olga)).get("/api/me")
    assert answer.status_code == 200, answer.content
    assert answer.json()["email"] == "olga@acme.example"
    assert answer.json()["token_refresh_required"] is False
    assert answer["Cache-Control"] == "no-store"


def test_my_memberships_come_from_the_database() -> None:
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@tools.example")
    token = token_of(cast.person("alex@tools.example"))
    cast.member(acme, "alex@tools.example", "contractor")
    answer = Api(token).get("/api/me/memberships").json()
    assert answer["count"] == 2
    assert answer["next"] is None
    first, second = answer["items"]
    assert first["tenant"] == {"id": str(acme.pk), "slug": "acme-corp", "name": "acme-corp", "plan": "free"}
    assert (first["type"], first["status"]) == ("contractor", "active")
    assert second["tenant"]["slug"] == tools.slug


def test_a_first_visit_opens_a_tenant_of_ones_own() -> None:
    stranger = cast.person("new@elsewhere.example")
    answer = Api(token_of(stranger)).get("/api/me")
    assert answer.json()["token_refresh_required"] is True
    again = Api(token_of(stranger))
    assert again.get("/api/me").json()["token_refresh_required"] is False
    assert again.get("/api/me/memberships").json()["items"][0]["type"] == "owner"


def test_a_service_account_is_nobody_of_that_kind() -> None:
    acme = cast.open_tenant()
    api = Api(token_of(cast.service_account(acme, "release-bot")))
    assert problem(api.get("/api/me")) == (403, "forbidden")
    assert problem(api.get("/api/me/memberships")) == (403, "forbidden")


def test_a_deactivated_identity_is_refused_at_once() -> None:
    acme = cast.open_tenant()
    api = Api(token_of(cast.owner_of(acme)))
    olga = cast.person("olga@acme.example")
    olga.is_active = False
    olga.save()
    assert problem(api.get("/api/me")) == (401, "invalid-token")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/nothing", (404, "not-found")),
        ("GET", "/uflow/v2/nothing", (404, "not-found")),
        ("POST", "/api/me", (405, "method-not-allowed")),
        ("OPTIONS", "/api/me", (405, "method-not-allowed")),
        ("TRACE", "/api/me", (405, "method-not-allowed")),
    ],
)
def test_errors_are_problem_details(method: str, path: str, expected: tuple[int, str]) -> None:
    api = Api(token_of(cast.person("olga@acme.example")))
    assert problem(api(method, path)) == expected


def test_another_representation_than_json_is_refused() -> None:
    api = Api(token_of(cast.person("olga@acme.example")))
    assert problem(api.get("/api/me", Accept="text/html")) == (406, "not-acceptable")
