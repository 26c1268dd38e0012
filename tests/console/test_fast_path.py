"""Reads and ordinary writes trust the signed claim, as far as it goes and while the feed vouches for it (Rule 10)."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.console import drf, metrics
from authsec.database.context import system_context, tenant_context
from oauth import keys
from tenants.models import Tenant
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.console.fast_path import listening
from tests.console.test_api_tokens import claims_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
READ = "/uflow/v2/groups"


@pytest.fixture
def verification(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the roof sends before a handler runs."""
    sent: list[str] = []
    original = drf.MarkPermission.has_permission

    def observed(permission: object, request: object, view: object) -> bool:
        with statements() as seen:
            try:
                return original(permission, request, view)
            finally:
                sent.extend(seen)

    monkeypatch.setattr(drf.MarkPermission, "has_permission", observed)
    return sent


@pytest.fixture
def world() -> SimpleNamespace:
    acme = cast.open_tenant()
    return SimpleNamespace(
        acme=acme, olga=cast.owner_of(acme), carl=cast.member(acme, "carl@x.example", "contractor")
    )


def fallbacks(reason: str) -> float:
    return sum(
        sample.value
        for metric in metrics.DECISIONS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["reason"] == reason
    )


def test_a_read_on_the_fast_path_asks_nothing(world: SimpleNamespace, verification: list[str]) -> None:
    api = Api(token_of(world.olga), world.acme)
    with listening():
        assert api.get(READ).status_code == 200
    assert verification == []


def test_what_the_claim_does_not_give_is_asked_once(world: SimpleNamespace, verification: list[str]) -> None:
    api = Api(token_of(world.carl), world.acme)
    with listening():
        before = fallbacks("not_enough")
        assert problem(api.get(READ)) == (403, "forbidden")
        assert len(verification) == 1
        cast.bind(world.acme, cast.role(world.acme, "Grouper", console=["groups:read"]), world.carl)
        assert api.get(READ).status_code == 200
        assert len(verification) == 2
        assert fallbacks("not_enough") == before + 2


def test_ones_own_access_is_read_by_the_claim(world: SimpleNamespace, verification: list[str]) -> None:
    api = Api(token_of(world.carl), world.acme)
    with listening():
        assert api.get(f"/uflow/v2/users/{world.carl.pk}/effective-access").status_code == 200
        assert verification == []
        assert problem(api.get(f"/uflow/v2/users/{world.olga.pk}/effective-access")) == (403, "forbidden")


def test_a_second_action_of_a_body_takes_its_own_path(world: SimpleNamespace) -> None:
    """Changing a limit is an ordinary write; the suspension in the same body reads the database."""
    consumer = cast.end_user(world.acme, "ed@x.example")
    api = Api(token_of(world.olga), world.acme)
    with listening():
        with system_context():
            Tenant.objects.filter(pk=world.acme.pk).update(
                status=Tenant.Status.CLOSED
            )  # not committed: not heard
        path = f"/uflow/v2/tenants/{world.acme.pk}/end-users/{consumer.user_id}"
        assert api("PATCH", path, {"plan_tier": "pro"}).status_code == 200
        answer = api("PATCH", path, {"status": "suspended", "suspended_reason": "spam"})
        assert problem(answer) == (403, "tenant-closed")


def test_the_event_of_a_fast_write_names_who_did_it(world: SimpleNamespace, verification: list[str]) -> None:
    consumer = cast.end_user(world.acme, "ed@x.example")
    api = Api(token_of(world.olga), world.acme)
    with listening():
        path = f"/uflow/v2/tenants/{world.acme.pk}/end-users/{consumer.user_id}"
        assert api("PATCH", path, {"plan_tier": "pro"}).status_code == 200
    assert verification == []
    with tenant_context(world.acme.pk):
        event = Event.objects.filter(tenant=world.acme, via="api").latest("at")
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("member", world.olga.pk, "Olga")
    assert (event.actor_capacity, bool(event.policies)) == ("owner", True)


def test_a_claim_that_lives_longer_than_changes_are_remembered_is_asked_about(
    world: SimpleNamespace, verification: list[str]
) -> None:
    claims = claims_of(token_of(world.olga))
    long = keys.sign(claims | {"exp": claims["iat"] + 86_400})
    with listening():
        assert Api(long, world.acme).get(READ).status_code == 200
    assert len(verification) == 1


def test_a_token_of_before_the_feed_listened_is_asked_about(
    world: SimpleNamespace, verification: list[str]
) -> None:
    token = token_of(world.olga)
    with listening() as feed:
        feed.changes.listening_since(timezone.now().timestamp())
        assert Api(token, world.acme).get(READ).status_code == 200
        assert len(verification) == 1
        ahead = token_of(world.olga, now=timezone.now() + timedelta(seconds=29))
        assert Api(ahead, world.acme).get(READ).status_code == 200
    assert len(verification) == 2


def test_tenants_that_the_claim_was_cut_before_are_the_databases(
    world: SimpleNamespace, verification: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauth.api_token.LISTED_TENANTS", 1)
    other = cast.open_tenant("alex-tools", "alex@tools.example")
    cast.member(other, "olga@acme.example", "admin")
    token = token_of(world.olga)
    with listening():
        assert Api(token, world.acme).get(READ).status_code == 200
        assert verification == []
        assert Api(token, other).get(READ).status_code == 200
    assert len(verification) == 1


def test_a_plan_tier_gives_no_power_here_neither_by_claim_nor_by_database(world: SimpleNamespace) -> None:
    cast.end_user(world.acme, "carl@x.example")
    cast.bind(world.acme, cast.system_role(world.acme, "tenant-admin"), cast.tier(world.acme))
    token = token_of(world.carl)
    assert claims_of(token)["tenants"][str(world.acme.pk)]["roles"] == ["contractor"]
    with listening():
        assert problem(Api(token, world.acme).get(READ)) == (403, "forbidden")
