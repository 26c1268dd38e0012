"""Every route × every actor. A route without a row fails; so does a row whose route is gone."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db.models import Q
from django.test import Client

from authsec.console.checks import routes
from authsec.database import context
from authsec.database.scope import ScopedQuerySet
from tests.console import world as worlds
from tests.console.api import Api
from tests.console.route_table import ANYONE_IN, API, CONSOLE, OWN, PROTOCOL, PUBLIC, ROWS, SELF
from tests.console.world import MARKER, World, fill, parameters

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# What a request that passed the wall may answer: done, here it is, or a form's own refusal of an empty body.
PASSED = {200, 201, 202, 204, 302, 400, 409, 422}
CALLS = [(path, method) for path, row in ROWS.items() for method in row.methods]


def calls(*kinds: str) -> Any:
    chosen = [(path, method) for path, method in CALLS if ROWS[path].kind in kinds]
    return pytest.mark.parametrize(("path", "method"), chosen, ids=[f"{m} /{p}" for p, m in chosen])


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    return shared_world


@pytest.fixture(params=["both walls", "row-level security alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once as it is, once with every tenant filter of the application's queries removed."""
    if request.param != "both walls":
        remove_tenant_filters(monkeypatch)
    return str(request.param)


def remove_tenant_filters(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Drop ``tenant=…`` from every filter of tenant rows; returns a list that grows with what was dropped."""
    original = ScopedQuerySet._filter_or_exclude
    dropped: list[str] = []

    def names_tenant(name: str) -> bool:
        return name.split("__")[0] in ("tenant", "tenant_id")

    def without(node: Any) -> Any:
        if not isinstance(node, Q):
            return node
        kept = Q(_connector=node.connector, _negated=node.negated)
        kept.children = [
            without(child)
            for child in node.children
            if not (isinstance(child, tuple) and names_tenant(child[0]))
        ]
        return kept

    def filtered(self: Any, negate: bool, args: Any, kwargs: dict[str, Any]) -> Any:
        left = {name: value for name, value in kwargs.items() if not names_tenant(name)}
        dropped.extend(set(kwargs) - set(left))
        return original(self, negate, tuple(without(each) for each in args), left)

    monkeypatch.setattr(ScopedQuerySet, "_filter_or_exclude", filtered)
    return dropped


def browser_of(world: World, actor: str) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies[actor]
    return client


def send(client: Client, method: str, url: str, body: Any = None) -> Any:
    return client.post(url, body or {}) if method == "POST" else client.generic(method, url)


def api_of(world: World, actor: str, side: worlds.Side, *, reading: bool = False) -> Api:
    tokens = world.reading if reading else world.tokens
    return Api(tokens[actor], side.tenant)


def url_of(path: str, ids: dict[str, Any]) -> str:
    row = ROWS[path]
    return row.url or fill(path, ids)


def body_of(path: str, method: str, ids: dict[str, Any]) -> Any:
    """The body to send: the row's, with ``$name`` replaced by one side's id."""

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return str(ids[value[1:]]) if isinstance(value, str) and value.startswith("$") else value

    if method == "GET":
        return None
    return {name: filled(value) for name, value in ROWS[path].bodies.get(method, {}).items()}


def assert_head_too(client: Client, method: str, url: str, answer: Any) -> None:
    """RFC 9110 §9.3.2: HEAD answers what GET does, without the body. What looks ahead at a link asks that way."""
    if method == "GET":
        head = send(client, "HEAD", url)
        assert (head.status_code, head.content) == (answer.status_code, b"")


def assert_silent(answer: Any) -> None:
    """Nothing of acme-corp is in the answer, headers included, and nothing broke."""
    assert answer.status_code < 500
    told = b"" if answer.streaming else answer.content
    assert MARKER.encode() not in told.lower()
    assert MARKER not in str(answer.headers).lower()


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert {path for path, _ in routes()} == set(ROWS)


@calls(PUBLIC)
def test_anybody_may_open_a_public_page_and_learns_no_tenants_secret(
    world: World, path: str, method: str
) -> None:
    row = ROWS[path]
    url = url_of(path, world.ours.ids)
    for client in (Client(raise_request_exception=False), browser_of(world, "stranger")):
        answer = send(client, method, url)
        said = row.methods[method] or (200, 302)
        assert answer.status_code in (said if isinstance(said, tuple) else (said,))
        assert_silent(answer)
        assert_head_too(client, method, url, answer)


@calls(PROTOCOL)
def test_a_protocol_endpoint_answers_an_empty_request_as_its_rfc_says(
    world: World, path: str, method: str
) -> None:
    row = ROWS[path]
    client, url = Client(raise_request_exception=False), url_of(path, world.ours.ids)
    answer = send(client, method, url)
    assert answer.status_code in row.methods[method], answer.content[:500]
    assert_head_too(client, method, url, answer)
    if not row.tells:
        assert_silent(answer)


@calls(OWN)
def test_a_page_about_oneself_asks_for_sign_in_and_then_opens(world: World, path: str, method: str) -> None:
    url = url_of(path, world.ours.ids)
    anonymous = send(Client(raise_request_exception=False), method, url)
    assert anonymous.status_code == 302
    assert "/accounts/login/" in anonymous["Location"]
    for actor in ("stranger", "consumer", "suspended", "left", "powerless"):
        answer = send(browser_of(world, actor), method, url)
        assert answer.status_code in PASSED | {404}
        assert_silent(answer)
    assert_head_too(browser_of(world, actor), method, url, answer)


@calls(CONSOLE)
def test_who_is_no_active_member_gets_nothing(world: World, path: str, method: str) -> None:
    url = url_of(path, world.ours.ids)
    for actor, status in (("stranger", 404), ("consumer", 404), ("suspended", 403), ("left", 403)):
        answer = send(browser_of(world, actor), method, url)
        assert answer.status_code == status, actor
        assert_silent(answer)


@calls(CONSOLE)
def test_anonymous_is_sent_to_sign_in_whether_the_tenant_exists_or_not(
    world: World, path: str, method: str
) -> None:
    for slug in (world.ours.tenant.slug, "no-such-tenant"):
        url = url_of(path, world.ours.ids | {"slug": slug})
        answer = send(Client(raise_request_exception=False), method, url)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert_silent(answer)


@calls(CONSOLE)
def test_a_tenant_that_does_not_exist_looks_like_one_that_is_not_mine(
    world: World, path: str, method: str
) -> None:
    stranger = browser_of(world, "stranger")
    theirs = send(stranger, method, url_of(path, world.ours.ids))
    nobodys = send(stranger, method, url_of(path, world.ours.ids | {"slug": "no-such-tenant"}))
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert len(theirs.content) == len(nobodys.content)


@calls(CONSOLE)
def test_a_member_passes_with_the_right_and_only_with_it(world: World, path: str, method: str) -> None:
    right = ROWS[path].methods[method]
    url, body = url_of(path, world.ours.ids), body_of(path, method, world.ours.ids)
    powerless = send(browser_of(world, "powerless"), method, url, body)
    assert powerless.has_header("Cache-Control"), "a shared cache might keep what one person saw"
    assert "public" not in powerless["Cache-Control"]
    if right == ANYONE_IN:
        assert powerless.status_code in PASSED, powerless.content[:800]
        return
    assert powerless.status_code == 403
    assert MARKER.encode() not in powerless.content.lower()
    for each in (right, *ROWS[path].more):
        worlds.give(world, each)
    holder = send(browser_of(world, "holder"), method, url, body)
    assert "public" not in holder["Cache-Control"]
    assert holder.status_code in PASSED, f"{holder.status_code} {holder.content[:800]!r}"


@calls(CONSOLE)
def test_a_stranger_reaches_no_row_of_ours_through_their_own_tenant(
    world: World, path: str, method: str, walls: str
) -> None:
    ids = world.ours.ids | {"slug": world.theirs.tenant.slug, "tenant_id": world.theirs.tenant.pk}
    answer = send(browser_of(world, "stranger"), method, url_of(path, ids), body_of(path, method, ids))
    assert_silent(answer)
    if parameters(path):
        assert answer.status_code == 404
    else:
        assert answer.status_code in PASSED


@calls(SELF)
def test_the_api_about_oneself_needs_a_token_and_no_session_will_do(
    world: World, path: str, method: str
) -> None:
    url = url_of(path, world.ours.ids)
    assert send(Client(raise_request_exception=False), method, url).status_code == 401
    assert send(browser_of(world, "stranger"), method, url).status_code == 401
    for actor in ("stranger", "consumer", "suspended", "left", "powerless"):
        answer = Api(world.tokens[actor])(method, url)
        # A tenant that is not the bearer's own is 403, as everywhere (Rule 1).
        wanted = PASSED | ({403} if "<" in path else set()) | {ROWS[path].methods[method]}
        assert answer.status_code in wanted
        assert_silent(answer)


@calls(API)
def test_the_api_refuses_who_has_no_token_or_none_for_this_tenant(
    world: World, path: str, method: str
) -> None:
    url, body = url_of(path, world.ours.ids), body_of(path, method, world.ours.ids)
    ours = world.ours.tenant
    assert Api(None, ours)(method, url, body).status_code == 401
    assert send(browser_of(world, "holder"), method, url).status_code == 401
    assert Api("not.a.token", ours)(method, url, body).status_code == 401
    for actor in ("stranger", "consumer"):
        answer = api_of(world, actor, world.ours)(method, url, body)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("tenant-not-in-token")
        assert_silent(answer)
    for actor in ("suspended", "left"):
        answer = api_of(world, actor, world.ours)(method, url, body)
        assert answer.status_code == 403
        assert_silent(answer)


@calls(API)
def test_the_api_says_the_same_of_a_tenant_that_does_not_exist(world: World, path: str, method: str) -> None:
    nowhere = uuid4()
    body = body_of(path, method, world.ours.ids)
    answers = []
    for tenant_id in (world.ours.tenant.pk, nowhere):
        call = Api(world.tokens["stranger"])
        call.headers["X-Tenant-ID"] = str(tenant_id)
        answers.append(call(method, url_of(path, world.ours.ids | {"tenant_id": tenant_id}), body))
    ours, nobodys = (answer.json() for answer in answers)
    assert answers[0].status_code == answers[1].status_code == 403
    assert ours["type"] == nobodys["type"]
    assert ours["title"] == nobodys["title"]


@calls(API)
def test_a_bearer_passes_with_the_right_and_only_with_it(world: World, path: str, method: str) -> None:
    right = ROWS[path].methods[method]
    url, body = url_of(path, world.ours.ids), body_of(path, method, world.ours.ids)
    powerless = api_of(world, "powerless", world.ours)(method, url, body)
    if right == ANYONE_IN:
        assert powerless.status_code in PASSED, powerless.content
        assert_silent(powerless)
        return
    assert powerless.status_code == 403, powerless.content
    assert_silent(powerless)
    for each in (right, *ROWS[path].more):
        worlds.give(world, each)
    if method != "GET":
        reading = api_of(world, "holder", world.ours, reading=True)(method, url, body)
        assert reading.status_code == 403
        assert reading.json()["type"].endswith("insufficient-scope")
    holder = api_of(world, "holder", world.ours)(method, url, body)
    assert holder.status_code in PASSED, holder.content[:800]


@calls(API)
def test_a_stranger_reaches_no_row_of_ours_through_their_own_tenants_api(
    world: World, path: str, method: str, walls: str
) -> None:
    ids = world.ours.ids | {"tenant_id": world.theirs.tenant.pk}
    call = api_of(world, "stranger", world.theirs)
    answer = call(method, url_of(path, ids), body_of(path, method, ids))
    assert_silent(answer)
    if parameters(path):
        assert answer.status_code == 404
    else:
        names_our_rows = "$" in str(ROWS[path].bodies.get(method, ""))
        assert answer.status_code in ({404, 409, 422} if names_our_rows else PASSED)


def test_the_filters_are_really_gone_in_the_second_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = remove_tenant_filters(monkeypatch)
    assert browser_of(world, "stranger").get("/t/globex/authz/groups/").status_code == 200
    assert dropped


def test_with_both_walls_down_a_stranger_would_read_our_names(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_tenant_filters(monkeypatch)
    monkeypatch.setattr(context, "APP", context.SYSTEM)
    answer = browser_of(world, "stranger").get("/t/globex/authz/groups/")
    assert MARKER.encode() in answer.content.lower()
