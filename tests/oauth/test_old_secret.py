"""A service account's secret is replaced with an overlap: the old one works on for as long as was said."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from oauth.client_authentication import find_client, proves
from oauth.clients import creation as clients
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.oauth.world import World, account, basic, world

pytestmark = pytest.mark.django_db
OWNER = "owner@acme-corp.example"


def asks(it: World, client_id: str, secret: str) -> int:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    return int(it.post(form, **basic(client_id, secret)).status_code)


@pytest.fixture
def it() -> World:
    return world()


@pytest.fixture
def bot(it: World) -> tuple[Any, str, Any]:
    client, secret, bound = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), bound, it.application)
    return client, secret, bound


def test_the_old_secret_works_beside_the_new_one_until_it_is_ended(
    it: World, bot: tuple[Any, str, Any]
) -> None:
    client, first, bound = bot
    api = Api(token_of(cast.person(OWNER)), it.tenant)
    path = f"/uflow/v2/service-accounts/{bound.pk}"
    assert problem(api.post(f"{path}/rotate-secret", {"overlap_s": 700_000})) == (422, "invalid")
    rotated = api.post(f"{path}/rotate-secret").json()
    assert rotated["old_secret_until"]
    assert asks(it, client.client_id, first) == asks(it, client.client_id, rotated["client_secret"]) == 200
    assert api("DELETE", f"{path}/old-secret").status_code == 204
    assert asks(it, client.client_id, first) == 401
    leaked = api.post(f"{path}/rotate-secret", {"overlap_s": 0}).json()
    assert leaked["old_secret_until"] is None
    assert asks(it, client.client_id, rotated["client_secret"]) == 401


def test_the_overlap_ends_by_itself_and_only_one_old_secret_works(
    it: World, bot: tuple[Any, str, Any]
) -> None:
    client, first, _ = bot
    now = timezone.now()
    named = {"tenant_id": it.tenant.id, "client_id": client.pk, "actor": SYSTEM}
    with tenant_context(it.tenant.id):
        second = clients.rotate_secret(**named, overlap=timedelta(hours=1), now=now)
        third = clients.rotate_secret(**named, overlap=timedelta(hours=1), now=now)
    found = find_client(client.client_id)
    assert found is not None
    assert [proves(found, secret, now) for secret in (first, second, third)] == [False, True, True]
    later = now + timedelta(hours=1)
    assert [proves(found, secret, later) for secret in (second, third)] == [False, True]


def test_the_page_shows_the_new_secret_once_and_until_when_the_old_one_works(
    it: World, bot: tuple[Any, str, Any]
) -> None:
    client, first, bound = bot
    assert asks(it, client.client_id, first) == 200
    olga = cast.signed_in(cast.person(OWNER))
    page = f"/t/acme-corp/authz/service-accounts/{bound.pk}/credentials/"
    assert "by client credentials" in olga.get(page).content.decode()
    shown = olga.post(f"{page}rotate/", {"overlap": "3600"})
    assert "as_cs_" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert olga.post(f"{page}rotate/", {"overlap": "99"}).status_code == 422
    assert "End it now" in olga.get(page).content.decode()
    assert "1</b><span>token answers inactive" in olga.get(f"{page}consequence/").content.decode()
    assert olga.get(f"{page}old/end/").status_code == 200
    assert olga.post(f"{page}old/end/").status_code == 302
    assert "End it now" not in olga.get(page).content.decode()
    assert asks(it, client.client_id, first) == 401
