"""Every route of the API takes the path that the printed matrix names: observed, not read off the code (Rule 10)."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import resolve

from authsec.console import checks, drf, matrix, metrics
from authsec.database.embedded import CHECKOUT
from authsec.web.access import mark_of
from authsec.web.api import ApiView
from tests import cast
from tests.console.api import Api, token_of
from tests.console.fast_path import listening
from tests.console.route_table import ROWS
from tests.console.test_every_route import body_of, url_of
from tests.console.world import World, fill
from tests.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def api_calls() -> list[tuple[str, str]]:
    """Path and method of every handler of the management API that asks who calls, from the resolver."""
    return [
        (path, name.upper())
        for path, pattern in checks.routes()
        if issubclass(getattr(pattern.callback, "cls", object), ApiView)
        for name in pattern.callback.cls.http_method_names
        if name != "head"
        and getattr(mark_of(getattr(pattern.callback.cls, name, None)), "kind", "public") != "public"
    ]


CALLS = api_calls()


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    return shared_world


class Observed:
    """What the roof did before the handler ran: its statements, and the path that it counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        self.passed = False
        original = drf.MarkPermission.has_permission

        def has_permission(permission: Any, request: Any, view: Any) -> bool:
            with statements() as sent:
                answer = original(permission, request, view)
            self.statements, self.passed = sent, True
            return answer

        monkeypatch.setattr(drf.MarkPermission, "has_permission", has_permission)

    def path_of(self, call: Any) -> str:
        """Send the request; the one path whose counter moved."""
        paths = ("fast", "fallback", "critical")
        before = {path: metrics.decisions(path) for path in paths}
        call()
        moved = [path for path in paths if metrics.decisions(path) == before[path] + 1]
        assert len(moved) == 1, moved
        return moved[0]


def line_of(path: str, method: str, url: str) -> matrix.Line:
    found = resolve(url)
    mark = mark_of(getattr(found.func.cls, method.lower()))
    assert mark is not None
    if mark.kind == "bearer":
        return matrix.IDENTITY[found.view_name]
    return matrix.MEMBER if mark.kind == "member" else matrix.TENANT[mark.action]


@pytest.mark.parametrize(("path", "method"), CALLS, ids=[f"{m} /{p}" for p, m in CALLS])
def test_a_route_takes_the_path_that_the_matrix_names(
    path: str, method: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, body = url_of(path, world.ours.ids), body_of(path, method, world.ours.ids)
    line = line_of(path, method, url)
    api = Api(token_of(cast.owner_of(world.ours.tenant)), world.ours.tenant)
    observed = Observed(monkeypatch)
    with transaction.atomic():
        without_feed = observed.path_of(lambda: api(method, url, body))
        assert observed.passed
        assert len(observed.statements) == 1
        transaction.set_rollback(True)
    with listening():
        with_feed = observed.path_of(lambda: api(method, url, body))
    if line.path == matrix.FAST:
        assert (without_feed, with_feed) == ("fallback", "fast")
        assert observed.statements == []
    else:
        assert (without_feed, with_feed) == ("critical", "critical")
        assert len(observed.statements) == 1


def test_the_walk_meets_both_layers_and_both_paths() -> None:
    lines = [line_of(path, method, ROWS[path].url or fill(path, Anything())) for path, method in CALLS]
    assert len(lines) > 50
    assert {line.path for line in lines} == {matrix.FAST, matrix.CRITICAL}


class Anything(dict[str, Any]):
    """Ids for every parameter that a route may have."""

    def __missing__(self, name: str) -> str:
        return str(uuid4()) if not name.endswith(("key", "name", "token")) else "x"


def test_the_matrix_knows_every_action_and_every_route_about_me() -> None:
    assert checks.check_matrix() == []


def test_what_nobody_listed_is_critical() -> None:
    assert not matrix.is_fast("moon:land")
    assert not matrix.is_fast("")


def test_the_documents_print_the_matrix_as_it_is() -> None:
    text = (CHECKOUT / "docs/api.md").read_text()
    printed = text.partition("<!-- matrix -->\n")[2].partition("\n<!-- end -->")[0]
    assert printed == matrix.markdown()
