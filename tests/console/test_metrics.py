"""What a process counts is for whoever bears the token, or for the machine itself in development."""

from typing import Any

import pytest
from django.test import Client

from tests.statements import statements

pytestmark = pytest.mark.django_db


def test_in_development_the_machine_itself_may_read_and_no_statement_is_sent() -> None:
    with statements() as sent:
        answer = Client().get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert b"# TYPE authsec_api_decisions_total counter" in answer.content
    assert b"# TYPE authsec_feed_live gauge" in answer.content
    assert sent == []


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", ""])
def test_nobody_else_finds_anything_there(address: str) -> None:
    assert Client().get("/metrics", REMOTE_ADDR=address).status_code == 404


def test_in_production_nobody_reads_without_a_token_not_even_through_a_proxy_on_the_machine(
    settings: Any,
) -> None:
    settings.DEVELOPMENT = False
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


def test_with_a_token_who_bears_it_reads_from_anywhere(settings: Any) -> None:
    settings.METRICS_TOKEN = "a long secret"
    far = Client(REMOTE_ADDR="192.0.2.7")
    assert far.get("/metrics", headers={"Authorization": "Bearer a long secret"}).status_code == 200
    for wrong in ("Bearer a long secre", "Bearer ", "", "Basic a long secret", "Bearer ünrecht"):
        answer = far.get("/metrics", headers={"Authorization": wrong})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 401
