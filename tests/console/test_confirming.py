"""Re-authentication: which routes ask for it, and that each of them does."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client

from authsec.console.checks import routes
from authsec.database.context import system_context, tenant_context
from authsec.web.access import asks_again
from authz.models import Binding, GroupMember, Role, ServiceAccountOperator
from oauth.models import Client as OAuthClient
from tenants.identities import enrol_authenticator
from tenants.models import Identity, Tenant
from tests import cast
from tests.console.route_table import ANYONE_IN, ASK_AGAIN, CONSOLE, ROWS
from tests.console.world import World, fill
from tests.oauth import world as protocol
from tests.tenants.browser import totp
from tests.tenants.test_sign_in_second_factor import SECRET

pytestmark = pytest.mark.django_db
SECONDS = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
NEEDS_POWER = sorted(
    path for path in ASK_AGAIN if ROWS[path].kind == CONSOLE and ANYONE_IN not in ROWS[path].methods.values()
)
CALLS = sorted((path, method) for path in ASK_AGAIN for method in ROWS[path].methods)


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    return shared_world


@pytest.fixture
def olga(world: World) -> Client:
    """The owner's browser, who may do everything and signed in just now."""
    return cast.signed_in(cast.owner_of(world.ours.tenant))


def age(client: Client, seconds: int = SECONDS + 1) -> None:
    """Make the session's authentications older."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= timedelta(seconds=seconds).total_seconds()
    session.save()


def roles(world: World) -> list[str]:
    with tenant_context(world.ours.tenant.id):
        return sorted(Role.objects.filter(tenant=world.ours.tenant).values_list("name", flat=True))


def send(client: Client, method: str, url: str, body: Any = None, **headers: str) -> Any:
    return client.post(url, body or {}, **headers) if method == "POST" else client.get(url, **headers)


def onward(answer: Any) -> str:
    """Where the page that asks who one is leads afterwards."""
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


def test_the_table_names_the_routes_that_ask() -> None:
    assert {path for path, pattern in routes() if asks_again(pattern.callback)} == ASK_AGAIN


@pytest.mark.parametrize(("path", "method"), CALLS, ids=[f"{method} /{path}" for path, method in CALLS])
def test_whoever_signed_in_long_ago_confirms_first(
    world: World, olga: Client, path: str, method: str
) -> None:
    url = ROWS[path].url or fill(path, world.ours.ids)
    fresh = send(olga, method, url)
    assert fresh.status_code in (200, 302, 404, 409, 422)  # goes on, or there is nothing of the kind
    assert not fresh.get("Location", "").startswith("/accounts/")
    age(olga)
    stale = send(olga, method, url)
    assert stale.status_code == 302
    assert stale["Location"].startswith("/accounts/reauthenticate/?next=")
    if method == "GET":
        assert onward(stale) == url


@pytest.mark.parametrize("path", NEEDS_POWER)
def test_whoever_may_not_is_refused_and_not_asked(world: World, path: str) -> None:
    client = cast.signed_in(world.actors["powerless"])
    age(client)
    method = next(iter(ROWS[path].methods))
    assert send(client, method, fill(path, world.ours.ids)).status_code == 403


def test_the_form_that_was_asked_for_comes_up_after_the_password(world: World, olga: Client) -> None:
    age(olga)
    new = "/t/acme-corp/authz/roles/new/?copy=x"
    asked = olga.get(new)
    assert "Confirm it is you" in olga.get(asked["Location"]).content.decode()
    assert olga.post(asked["Location"], {"password": cast.PASSWORD})["Location"] == new
    assert olga.get(new).status_code == 200


def test_a_wrong_password_opens_nothing(world: World, olga: Client) -> None:
    age(olga)
    asked = olga.get("/t/acme-corp/authz/roles/new/")
    assert olga.post(asked["Location"], {"password": "not hers"}).status_code == 422
    assert olga.get("/t/acme-corp/authz/roles/new/").status_code == 302


def test_a_form_sent_too_late_changes_nothing_and_keeps_what_was_typed(world: World, olga: Client) -> None:
    new = "/t/acme-corp/authz/roles/new/"
    before = roles(world)
    age(olga)
    typed = {"name": "Late role", "description": "typed with care", "console_permissions": ["apps:read"]}
    asked = olga.post(new, typed, HTTP_REFERER=f"http://testserver{new}")
    back = olga.post(asked["Location"], {"password": cast.PASSWORD})
    assert back["Location"] == f"/account/confirmed/?next={new.replace('/', '%2F')}"
    page = olga.get(back["Location"], follow=True)
    assert page.redirect_chain == [(new, 302)]
    text = page.content.decode()
    assert "Nothing had been changed yet" in text
    assert 'value="Late role"' in text
    assert "typed with care" in text
    assert re.search(r'value="apps:read"[^>]*checked', text)
    assert roles(world) == before
    assert "Late role" not in olga.get(new).content.decode()  # once
    assert olga.post(new, typed).status_code == 302
    assert "Late role" in roles(world)


def test_a_button_pressed_too_late_leads_back_to_its_page(world: World, olga: Client) -> None:
    issue = fill("t/<slug:slug>/applications/<uuid:application_id>/credentials/issue/", world.ours.ids)
    page = fill("t/<slug:slug>/applications/<uuid:application_id>/", world.ours.ids)
    age(olga)
    asked = olga.post(issue, HTTP_REFERER=f"http://testserver{page}")
    assert onward(asked) == f"/account/confirmed/?next={page.replace('/', '%2F')}"
    elsewhere = olga.post(issue, HTTP_REFERER="https://evil.example/account/")
    assert onward(elsewhere) == "/account/confirmed/?next=%2Ft%2Facme-corp%2F"


def test_htmx_is_told_to_load_the_whole_page(world: World, olga: Client) -> None:
    rotate = fill(
        "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/rotate/", world.ours.ids
    )
    page = fill("t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/", world.ours.ids)
    age(olga)
    answer = olga.post(
        rotate, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}?tab=keys"}
    )
    assert answer.status_code == 200
    assert "Location" not in answer
    assert answer["HX-Redirect"].startswith("/accounts/reauthenticate/?next=")
    assert "tab%253Dkeys" in answer["HX-Redirect"]


def test_who_has_a_second_factor_confirms_with_it(world: World, olga: Client) -> None:
    identity = cast.person("owner@zanzibar.example")
    enrol_authenticator(identity=identity, secret=SECRET)
    assert Authenticator.objects.filter(user=identity).exists()
    new = "/t/acme-corp/authz/roles/new/"
    asked = olga.get(new)  # signed in with the password just now: not enough
    led = olga.get(asked["Location"])
    assert led["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert olga.post(led["Location"], {"code": totp(SECRET)})["Location"] == new
    assert olga.get(new).status_code == 200


# --- Power can be given by many roads: each of them asks -----------------------------------------------------------
ROADS = {
    "binding": lambda ids, carl: ("bindings/new/", {"person": str(carl), "role": ids["admin"]}),
    "group's binding": lambda ids, carl: (f"groups/{ids['empty']}/give/", {"role": ids["admin"]}),
    "group": lambda ids, carl: (f"groups/{ids['admins']}/members/", {"people": str(carl), "action": "add"}),
    "account's binding": lambda ids, carl: (f"service-accounts/{ids['idle']}/give/", {"role": ids["admin"]}),
    "account": lambda ids, carl: (f"service-accounts/{ids['bot']}/operators/", {"people": str(carl)}),
}


def given(tenant: Tenant) -> tuple[int, int, int]:
    """How many bindings, people in groups and operators there are."""
    with tenant_context(tenant.id):
        return (
            Binding.objects.count(),
            GroupMember.objects.count(),
            ServiceAccountOperator.objects.count(),
        )


@pytest.mark.parametrize("road", ROADS)
def test_a_session_that_lies_open_gives_nobody_console_power(road: str) -> None:
    acme = cast.open_tenant("umbrella")
    olga, carl = cast.signed_in(cast.owner_of(acme)), cast.member(acme, "carl@freelance.example")
    admin, reader = cast.system_role(acme, "tenant-admin"), cast.role(acme, "Reader", ["read"])
    admins, empty = cast.group(acme, "Admins"), cast.group(acme, "Empty")
    bot, idle = cast.service_account(acme, "bot"), cast.service_account(acme, "idle")
    cast.bind(acme, admin, admins)
    cast.bind(acme, admin, bot)
    ids = {"admin": admin.pk, "admins": admins.pk, "empty": empty.pk, "bot": bot.pk, "idle": idle.pk}
    path, form = ROADS[road](ids, carl.pk)
    before = given(acme)
    age(olga)
    asked = olga.post(f"/t/umbrella/authz/{path}", form)
    assert asked["Location"].startswith("/accounts/reauthenticate/?next="), asked.content
    assert given(acme) == before
    if "role" in form:  # what gives scopes alone asks nobody
        assert olga.post(f"/t/umbrella/authz/{path}", form | {"role": reader.pk}).status_code in (200, 302)
        assert sum(given(acme)) == sum(before) + 1
        before = given(acme)
    assert olga.post(asked["Location"], {"password": cast.PASSWORD}).status_code == 302
    assert olga.post(f"/t/umbrella/authz/{path}", form).status_code in (200, 302)
    assert sum(given(acme)) == sum(before) + 1


# --- The management API's tokens are not asked, so getting one is --------------------------------------------------
@pytest.fixture
def cli(world: World) -> protocol.World:
    """A client that may use the management API."""
    made = protocol.world("cli-corp")
    with system_context():
        OAuthClient.objects.filter(pk=made.client.pk).update(api_access=True)
    return made


def asks_for(cli: protocol.World, scope: str | None, **more: str) -> str:
    return cli.query(resource=settings.API_RESOURCE, scope=scope, **more)[0]


@pytest.mark.parametrize("scope", ["api:read api:write", "api:write", None])  # without scope: both
def test_a_session_that_lies_open_gets_no_token_that_changes_things(
    olga: Client, cli: protocol.World, scope: str | None
) -> None:
    url = asks_for(cli, scope)
    assert olga.get(url).status_code == 200
    age(olga)
    allow = {"action": "allow", "scopes": ["api:read", "api:write"]}
    for asked in (olga.get(url), olga.post(url, allow)):
        assert asked["Location"].startswith("/accounts/reauthenticate/?next=%2Foauth%2Fauthorize%3F")
    back = olga.post(asked["Location"], {"password": cast.PASSWORD})
    assert olga.get(back["Location"]).status_code == 200
    assert "code" in protocol.redirected(cli.answer(olga, back["Location"], **allow))
    age(olga)
    silent = olga.get(asks_for(cli, scope, prompt="none"))
    assert protocol.redirected(silent)["error"] == "login_required"


def test_who_has_a_second_factor_confirms_with_it_before_such_a_token(
    olga: Client, cli: protocol.World
) -> None:
    enrol_authenticator(identity=Identity.objects.get(pk=olga.session["_auth_user_id"]), secret=SECRET)
    assert olga.get(asks_for(cli, "api:write"))["Location"].startswith("/accounts/reauthenticate/")


def test_a_token_that_only_reads_asks_nobody_again(olga: Client, cli: protocol.World) -> None:
    age(olga)
    assert olga.get(asks_for(cli, "api:read")).status_code == 200
