"""Reads and ordinary writes trust the signed claim, as long as the feed vouches for it (Rule 10)."""

import pytest

from authsec.console import drf, metrics
from tests import cast
from tests.console.api import Api, token_of
from tests.console.fast_path import listening
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the roof sends before a handler runs."""
    sent: list[str] = []
    original = drf.MarkPermission.has_permission

    def observed(self: object, request: object, view: object) -> bool:
        with statements() as seen:
            try:
                return original(self, request, view)
            finally:
                sent.extend(seen)

    monkeypatch.setattr(drf.MarkPermission, "has_permission", observed)
    return sent


def test_a_read_on_the_fast_path_asks_nothing(verification: list[str]) -> None:
    acme = cast.open_tenant()
    with listening():
        api = Api(token_of(cast.owner_of(acme)), acme)
        before = metrics.decisions("fast")
        assert api.get("/uflow/v2/groups").status_code == 200
        assert verification == []
        assert metrics.decisions("fast") == before + 1


def test_without_a_feed_it_asks_once(verification: list[str]) -> None:
    acme = cast.open_tenant()
    api = Api(token_of(cast.owner_of(acme)), acme)
    assert api.get("/uflow/v2/groups").status_code == 200
    assert len(verification) == 1
