"""How often one bearer may ask the management API: said in every answer, refused as a problem."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from authsec import limiting
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any) -> Iterator[SimpleNamespace]:
    """Two requests a minute each for Olga and a service account of hers."""
    settings.API_RATE_LIMIT = "2/minute"
    limiting.start_over()
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "release-bot")
    yield SimpleNamespace(acme=acme, olga=cast.owner_of(acme), bot=bot, path="/uflow/v2/applications")
    limiting.start_over()


def test_each_answer_says_what_is_left_and_a_refusal_when_to_come_back(world: SimpleNamespace) -> None:
    first = Api(token_of(world.olga), world.acme).get(world.path)
    assert first["RateLimit-Policy"] == '"api";q=2;w=60'
    assert first["RateLimit"] in {f'"api";r=1;t={left}' for left in (59, 60)}
    again = Api(token_of(world.olga), world.acme).get("/uflow/v2/nothing-there")
    assert "RateLimit" not in again, "what is no operation costs nothing"
    assert Api(token_of(world.olga), world.acme).get(world.path)["RateLimit"].startswith('"api";r=0;')
    refused = Api(token_of(world.olga), world.acme).get(world.path)
    assert problem(refused) == (429, "throttled")
    assert refused["RateLimit"] == f'"api";r=0;t={refused["Retry-After"]}'
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_a_refused_request_counts_and_another_subject_is_not_held_up(world: SimpleNamespace) -> None:
    olga = Api(token_of(world.olga), world.acme)
    assert olga.get(f"{world.path}/{world.acme.pk}").status_code == 404
    assert olga.get(world.path, X_Tenant_ID=None)["RateLimit"].startswith('"api";r=0;'), (
        "refused, but counted"
    )
    assert olga.get(world.path).status_code == 429
    assert Api(token_of(world.bot), world.acme).get(world.path)["RateLimit"].startswith('"api";r=1;')


def test_who_is_not_recognised_hears_of_no_quota(world: SimpleNamespace) -> None:
    answer = Api("no token").get(world.path)
    assert answer.status_code == 401
    assert "RateLimit" not in answer
    assert "RateLimit" not in Api().get("/api/health")


def test_without_a_setting_nobody_is_counted(world: SimpleNamespace, settings: Any) -> None:
    settings.API_RATE_LIMIT = ""
    for _ in range(3):
        assert "RateLimit" not in Api(token_of(world.olga), world.acme).get(world.path)
