"""Where two people act at one moment: real connections, each in a thread of its own."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import bindings
from authz.models import Binding
from endusers import operations as endusers
from endusers.models import EndUser, EndUserTier, StandingChange
from tenants import operations as tenants
from tenants.models import Membership, Profile, TenantUser
from tenants.queries import memberships_of
from tests import cast
from tests.chance import seed
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.slow


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the deeds together, each on a connection of its own. Returns answers, or the exceptions raised."""
    ready = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            ready.wait(30)
            return deed()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def common(tenant: Any, user_id: Any) -> dict[str, Any]:
    return {"tenant_id": tenant.id, "user_id": user_id, "actor": SYSTEM, "now": timezone.now()}


def test_of_two_owners_who_lose_it_at_once_one_stays(own_database: None) -> None:
    acme = cast.open_tenant()
    second = cast.member(acme, "oscar@acme.example", "owner")
    first = cast.owner_of(acme)
    ways: list[tuple[str, dict[str, str]]] = [
        ("change_member_type", {"type": "member"}),
        ("suspend_member", {"reason": "away"}),
        ("remove_member", {}),
    ]

    def lose(user_id: Any, verb: str, rest: dict[str, str]) -> None:
        with tenant_context(acme.id):
            getattr(tenants, verb)(**common(acme, user_id), **rest)

    for verb, rest in ways:
        answers = at_once([partial(lose, user.id, verb, rest) for user in (first, second)])
        refused = [answer for answer in answers if answer is not None]
        assert [type(answer) for answer in refused] == [tenants.LastOwner], (verb, answers)
        with tenant_context(acme.id):
            left = list(
                Membership.objects.filter(type="owner", status="active").values_list("user_id", flat=True)
            )
            assert len(left) == 1
            Membership.objects.filter(user_id__in=(first.id, second.id)).update(type="owner", status="active")


def active_owners(tenant: Any) -> list[Any]:
    with tenant_context(tenant.id):
        rows = Membership.objects.filter(type="owner", status="active")
        return list(rows.values_list("user_id", flat=True))


def two_owners(number: int) -> tuple[Any, list[Any]]:
    acme = cast.open_tenant(f"acme-{number}")
    return acme, [cast.owner_of(acme), cast.member(acme, "oscar@acme.example", "owner")]


def owner_binding(acme: Any, user: Any) -> Any:
    with tenant_context(acme.id):
        return Binding.objects.get(user=user, role__system_key="tenant-owner")


def test_a_hundred_demotions_and_leaves_of_two_owners_leave_exactly_one(own_database: None) -> None:
    ways: list[tuple[str, dict[str, str]]] = [
        ("change_member_type", {"type": "member"}),
        ("leave_tenant", {}),
        ("remove_member", {}),
        ("suspend_member", {"reason": "away"}),
    ]

    def lose(acme: Any, user_id: Any, verb: str, rest: dict[str, str]) -> None:
        with tenant_context(acme.id):
            getattr(tenants, verb)(**common(acme, user_id), **rest)

    def rewrite(acme: Any, user_id: Any) -> None:
        with tenant_context(acme.id):
            Membership.objects.filter(user_id=user_id, type="owner").update(type="member")

    def unbind(acme: Any, binding: Any) -> None:
        bindings.end(tenant_id=acme.id, binding_id=binding.pk, actor=SYSTEM, now=timezone.now())

    for number in range(3):
        acme, owners = two_owners(number)
        deeds: list[Callable[[], Any]] = [
            partial(lose, acme, owners[turn % 2].id, *ways[turn // 2 % len(ways)]) for turn in range(88)
        ]
        deeds += [partial(rewrite, acme, owners[turn % 2].id) for turn in range(8)]
        deeds += [partial(unbind, acme, owner_binding(acme, owners[turn % 2])) for turn in range(4)]
        random.Random(seed(number)).shuffle(deeds)
        answers = at_once(deeds)
        assert len(active_owners(acme)) == 1
        refused = {type(answer) for answer in answers if answer is not None}
        # The trigger's word to whoever comes past the verbs is an IntegrityError.
        assert refused <= {tenants.LastOwner, tenants.WrongStatus, IntegrityError}, refused
        assert tenants.LastOwner in refused


def test_a_hundred_calls_of_the_api_that_unmake_two_owners_leave_one_and_break_nothing(
    own_database: None,
) -> None:
    for number in range(2):
        acme, owners = two_owners(number)
        callers = [Api(token_of(owner), acme) for owner in owners]
        members = f"/api/orgs/{acme.id}/members"
        deeds: list[Callable[[], Any]] = []
        for turn in range(100):
            call, target = callers[turn % 2], owners[turn // 2 % 2]
            path = f"{members}/{target.id}"
            deeds.append(
                [
                    partial(call, "PATCH", path, {"type": "member"}),
                    partial(call, "DELETE", path),
                    partial(call, "DELETE", f"/api/me/memberships/{acme.id}"),
                    partial(call, "PATCH", path, {"status": "suspended", "reason": "away"}),
                ][turn // 4 % 4]
            )
        random.Random(seed(number)).shuffle(deeds)
        answers = at_once(deeds)
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        # Who is no owner any more is refused like any member (403), or has left (403); the rest is too late (409).
        assert {answer.status_code for answer in answers} <= {200, 204, 403, 409}
        assert any(problem(answer) == (409, "last-owner") for answer in answers if answer.status_code == 409)
        assert len(active_owners(acme)) == 1


def test_first_visits_at_once_open_one_tenant(own_database: None) -> None:
    maja = cast.person("maja@example.test")
    answers = at_once(
        [lambda: tenants.ensure_personal_tenant(identity=maja, actor=SYSTEM, now=timezone.now())] * 4
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len([answer for answer in answers if answer is not None]) == 1
    assert len(memberships_of(maja.id)) == 1


def test_a_person_who_arrives_twice_at_once_is_one_user_and_one_end_user(own_database: None) -> None:
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    ed = cast.person("ed@example.test")

    def arrive() -> None:
        with tenant_context(tools.id):
            user = tenants.ensure_user(tenant_id=tools.id, identity=ed, now=timezone.now())
            endusers.ensure(**common(tools, user.id))

    assert at_once([arrive] * 6) == [None] * 6
    with tenant_context(tools.id):
        (user,) = TenantUser.objects.filter(identity=ed)
        for model in (Profile, EndUser, EndUserTier, StandingChange):
            assert model.objects.filter(user_id=user.id).count() == 1, model
        assert Event.objects.filter(action="end_user.appeared").count() == 1


def test_suspensions_and_reactivations_at_once_leave_a_history_without_gaps(own_database: None) -> None:
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    ed = cast.end_user(tools, "ed@example.test")

    def flip(verb: str) -> None:
        with tenant_context(tools.id):
            rest = {"reason": "x"} if verb == "suspend" else {}
            getattr(endusers, verb)(**common(tools, ed.user_id), **rest)

    answers = at_once([partial(flip, verb) for verb in ("suspend", "reactivate") * 3])
    assert answers == [None] * 6
    with tenant_context(tools.id):
        changes = list(StandingChange.objects.filter(user_id=ed.user_id).order_by("id"))
        pairs = {(change.from_status, change.to_status) for change in changes}
        assert pairs <= {("", "active"), ("active", "suspended"), ("suspended", "active")}
        written = Event.objects.filter(action__in=("end_user.suspended", "end_user.reactivated")).count()
        assert written == len(changes) - 1
        suspended = sum(change.to_status == "suspended" for change in changes)
        back = sum(change.to_status == "active" for change in changes) - 1
        assert EndUser.objects.get(pk=ed.pk).status == ("suspended" if suspended > back else "active")
        assert suspended - back in (0, 1)
