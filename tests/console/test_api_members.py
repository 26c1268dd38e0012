"""The team through the API: under /api/orgs and, the same verbs, under /uflow/v2."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.models import Binding, GroupMember
from tenants import operations
from tenants.models import Membership, TenantUser
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.oauth.world import world as oauth_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Any:
    return cast.open_tenant()


@pytest.fixture
def alice(acme: Any) -> TenantUser:
    return cast.member(acme, "alice@acme.example", name="Alice Moreau")


@pytest.fixture
def olga(acme: Any) -> Api:
    return Api(token_of(cast.owner_of(acme)), acme)


@pytest.fixture
def adam(acme: Any) -> Api:
    return Api(token_of(cast.member(acme, "adam@acme.example", "admin", name="Adam")), acme)


@pytest.fixture(params=["/api/orgs/{}/members", "/uflow/v2/tenants/{}/memberships"])
def team(request: pytest.FixtureRequest, acme: Any) -> str:
    """The path of the list, in both dialects."""
    return str(request.param).format(acme.id)


def membership(user: TenantUser) -> Membership:
    with tenant_context(user.tenant_id):
        return Membership.objects.get(user_id=user.id)


def events(acme: Any, action: str) -> list[Event]:
    with tenant_context(acme.id):
        return list(Event.objects.filter(action=action))


def test_the_list_shows_everybody_and_is_narrowed_and_paged(
    acme: Any, alice: TenantUser, olga: Api, team: str
) -> None:
    cast.member(acme, "rita@audit.example", "readonly_auditor")
    page = olga.get(team).json()
    assert page["count"] == 3
    shown = {item["email"]: item for item in page["items"]}
    assert shown["alice@acme.example"] == {
        "user_id": str(alice.id),
        "email": "alice@acme.example",
        "display_name": "Alice Moreau",
        "type": "member",
        "status": "active",
        "source": "invite",
        "invited_by": None,
        "joined_at": shown["alice@acme.example"]["joined_at"],
        "last_seen_at": None,
        "suspended_at": None,
        "suspended_by": None,
        "suspended_reason": "",
        "left_at": None,
    }
    for query, found in (
        ("status=active", 3),
        ("status=left", 0),
        ("type=owner", 1),
        ("type=viewer", 1),
        ("q=moreau", 1),
        (f"q={alice.id}", 1),
        ("q=nobody", 0),
    ):
        assert olga.get(f"{team}?{query}").json()["count"] == found, query
    seen, cursor = [], ""
    while cursor is not None:
        page = olga.get(f"{team}?limit=1&cursor={cursor}").json()
        seen += [item["email"] for item in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(shown)


@pytest.mark.parametrize(
    "query", ["status=gone", "type=emperor", "q=%00", "q=%ff", "cursor=x", "limit=0", "q=a&q=b"]
)
def test_a_wrong_parameter_is_a_400_that_names_it(olga: Api, team: str, query: str) -> None:
    assert olga.get(f"{team}?{query}").status_code == 400


def test_one_member_is_read_and_a_stranger_is_not_there(alice: TenantUser, olga: Api, team: str) -> None:
    assert olga.get(f"{team}/{alice.id}").json()["type"] == "member"
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    for nobody in (uuid4(), cast.owner_of(tools).id):
        assert problem(olga.get(f"{team}/{nobody}")) == (404, "not-found")
        assert problem(olga("DELETE", f"{team}/{nobody}")) == (404, "not-found")
        assert problem(olga("PATCH", f"{team}/{nobody}", {"type": "admin"})) == (404, "not-found")


def test_type_and_status_change_together_or_not_at_all(
    acme: Any, alice: TenantUser, olga: Api, team: str
) -> None:
    path = f"{team}/{alice.id}"
    both = {"type": "contractor", "status": "suspended"}
    assert problem(olga("PATCH", path, both)) == (422, "invalid")
    assert (membership(alice).type, membership(alice).status) == ("member", "active")
    item = olga("PATCH", path, both | {"reason": "lost laptop"}).json()
    assert (item["type"], item["status"], item["suspended_reason"]) == (
        "contractor",
        "suspended",
        "lost laptop",
    )
    assert [event.reason for event in events(acme, "member.suspended")] == ["lost laptop"]
    assert events(acme, "member.suspended")[0].actor_capacity == "owner"
    assert olga("PATCH", path, {"status": "active"}).json()["status"] == "active"
    assert olga("PATCH", path, {"type": "viewer"}).json()["type"] == "readonly_auditor"
    assert olga("PATCH", path, {}).json()["type"] == "readonly_auditor"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "left"},
        {"status": "invited"},
        {"status": "suspended"},
        {"status": "suspended", "reason": "  "},
        {"type": "emperor"},
        {"type": None},
        {"type": ["admin"]},
        {"role": "admin"},
        {"reason": "x" * 501, "status": "suspended"},
    ],
)
def test_a_body_that_says_something_wrong_is_a_422_beside_the_member(
    alice: TenantUser, olga: Api, team: str, body: dict[str, Any]
) -> None:
    answer = olga("PATCH", f"{team}/{alice.id}", body)
    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"]
    assert (membership(alice).type, membership(alice).status) == ("member", "active")


def test_removing_ends_what_they_held_and_whoever_left_is_changed_by_invitation_only(
    acme: Any, alice: TenantUser, olga: Api, team: str
) -> None:
    cast.group(acme, "on-call", [alice])
    path = f"{team}/{alice.id}"
    assert olga("DELETE", f"{path}?reason=new%20job").status_code == 204
    assert olga("DELETE", path).status_code == 204
    assert [event.reason for event in events(acme, "member.removed")] == ["new job"]
    with tenant_context(acme.id):
        for model in (Binding, GroupMember):
            assert model.objects.filter(user_id=alice.id).exists()
            assert not model.objects.filter(user_id=alice.id, ended_at=None).exists()
    item = olga.get(path).json()
    assert (item["status"], item["user_id"]) == ("left", str(alice.id))
    for body in ({"status": "active"}, {"type": "admin"}, {"status": "suspended", "reason": "x"}):
        answer = olga("PATCH", path, body)
        assert problem(answer) == (409, "conflict")
        assert "invitation" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{"type": "admin"}, {"status": "suspended", "reason": "x"}, None])
def test_the_last_owner_stays(acme: Any, olga: Api, team: str, body: Any) -> None:
    owner = cast.owner_of(acme)
    answer = olga("PATCH" if body else "DELETE", f"{team}/{owner.id}", body)
    assert problem(answer) == (409, "last-owner")
    assert problem(olga("DELETE", f"/api/me/memberships/{acme.id}")) == (409, "last-owner")
    assert (membership(owner).type, membership(owner).status) == ("owner", "active")


@pytest.mark.parametrize(
    "body",
    [{"type": "member"}, {"status": "suspended", "reason": "x"}, {"status": "active"}, None],
)
def test_an_admin_neither_makes_nor_unmakes_owners(
    acme: Any, alice: TenantUser, adam: Api, team: str, body: Any
) -> None:
    second = cast.member(acme, "oscar@acme.example", "owner")
    answer = adam("PATCH" if body else "DELETE", f"{team}/{second.id}", body)
    assert problem(answer) == (403, "forbidden")
    assert "org:make_owners" in answer.json()["detail"]
    assert problem(adam("PATCH", f"{team}/{alice.id}", {"type": "owner"})) == (403, "forbidden")
    assert (membership(second).type, membership(second).status) == ("owner", "active")
    assert membership(alice).type == "member"


def test_the_verbs_themselves_leave_owners_to_owners(acme: Any) -> None:
    """Whatever road comes to a verb with an admin as its actor: no view stands before this one."""
    from django.core.exceptions import PermissionDenied

    from authsec.audit.actor import Actor

    second = cast.member(acme, "oscar@acme.example", "owner")
    admin = cast.member(acme, "adam@acme.example", "admin")
    common: dict[str, Any] = {
        "tenant_id": acme.id,
        "user_id": second.id,
        "actor": Actor(kind="member", id=admin.id, name="Adam", capacity="admin"),
        "now": timezone.now(),
    }
    for verb, rest in (
        ("suspend_member", {"reason": "x"}),
        ("change_member_type", {"type": "member"}),
        ("remove_member", {}),
    ):
        with pytest.raises(PermissionDenied), tenant_context(acme.id):
            getattr(operations, verb)(**common, **rest)
    assert (membership(second).type, membership(second).status) == ("owner", "active")


def test_an_owner_who_was_unbound_does_not_count_as_the_one_who_stays(
    acme: Any, olga: Api, team: str
) -> None:
    """A second owner by label, whose owner's role was taken: nobody could give the power back."""
    second = cast.member(acme, "oscar@acme.example", "owner")
    with tenant_context(acme.id):
        Binding.objects.filter(user=second).update(ended_at=timezone.now())
    owner = cast.owner_of(acme)
    assert problem(olga("PATCH", f"{team}/{owner.id}", {"type": "admin"})) == (409, "last-owner")
    assert problem(olga("DELETE", f"{team}/{owner.id}")) == (409, "last-owner")


def test_a_contractor_leaves_by_themselves_and_needs_no_permission(acme: Any) -> None:
    carl = cast.member(acme, "carl@freelance.example", "contractor")
    api = Api(token_of(carl), acme)
    assert problem(api.get(f"/api/orgs/{acme.id}/members")) == (403, "forbidden")
    for _ in range(2):
        assert api("DELETE", f"/api/me/memberships/{acme.id}").status_code == 204
    assert membership(carl).status == "left"
    assert [event.actor_name for event in events(acme, "member.left")] == ["Carl"]
    mine = api.get("/api/me/memberships").json()["items"]
    assert [(item["tenant"]["slug"], item["status"]) for item in mine] == [("acme-corp", "left")]


def test_a_suspended_member_cannot_leave_and_nobody_leaves_where_they_are_not(
    acme: Any, alice: TenantUser, olga: Api
) -> None:
    api = Api(token_of(alice), acme)
    assert (
        olga(
            "PATCH", f"/api/orgs/{acme.id}/members/{alice.id}", {"status": "suspended", "reason": "x"}
        ).status_code
        == 200
    )
    answer = api("DELETE", f"/api/me/memberships/{acme.id}")
    assert problem(answer) == (409, "conflict")
    assert "suspended" in answer.json()["detail"]
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    for nowhere in (tools.id, uuid4()):
        answer = api("DELETE", f"/api/me/memberships/{nowhere}")
        assert problem(answer) == (403, "tenant-not-in-token")


def test_suspension_and_type_change_revoke_nothing_and_removal_revokes_this_tenants_tokens_only() -> None:
    it, other = oauth_world(), oauth_world("other")
    alice = cast.member(it.tenant, "alice@acme.example")
    runner = cast.role(it.tenant, "Runner", ["run"])
    cast.bind(it.tenant, runner, alice, it.application)
    browser = it.signed_in("alice@acme.example")
    mine = it.tokens(browser, scope="run")
    theirs = other.tokens(browser)["access_token"]
    api_token = token_of(alice)
    owner = Api(token_of(cast.owner_of(it.tenant)), it.tenant)
    path = f"/api/orgs/{it.tenant.id}/members/{alice.id}"

    assert it.facts(mine["access_token"])["scope"] == "run"
    before = it.count()
    assert owner("PATCH", path, {"type": "contractor"}).status_code == 200
    assert it.facts(mine["access_token"])["active"]
    assert owner("PATCH", path, {"status": "suspended", "reason": "x"}).status_code == 200
    assert it.facts(mine["access_token"]) == {"active": False}
    assert browser.get(f"/t/{it.tenant.slug}/").status_code == 403
    refused = it.refresh(mine["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert it.count() == before
    assert owner("PATCH", path, {"status": "active"}).status_code == 200
    assert it.facts(mine["access_token"])["scope"] == "run"

    assert owner("DELETE", path).status_code == 204
    assert it.facts(mine["access_token"]) == {"active": False}
    assert it.count() == (0, 0, 1)
    # The identity's own: the session, the token of the management API, the other tenant.
    assert browser.get("/account/tenants/").status_code == 200
    assert browser.get(f"/t/{it.tenant.slug}/").status_code == 403
    assert Api(api_token).get("/api/me").status_code == 200
    assert problem(Api(api_token, it.tenant).get("/uflow/v2/groups")) == (403, "membership-left")
    assert other.facts(theirs)["active"]


def test_reading_a_page_of_members_takes_the_same_statements_whatever_its_size(
    acme: Any, olga: Api, team: str
) -> None:
    from tests.statements import statements

    counts = []
    for more in (1, 10):
        for number in range(more):
            cast.member(acme, f"m{more}x{number}@acme.example")
        with statements() as sent:
            assert olga.get(team).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


def test_what_follows_from_a_removal_says_from_where_it_came(
    acme: Any, alice: TenantUser, olga: Api, team: str
) -> None:
    assert olga("DELETE", f"{team}/{alice.id}").status_code == 204
    [removed], [ended] = events(acme, "member.removed"), events(acme, "binding.ended")
    assert (ended.actor_kind, ended.reason) == ("system", "Left the tenant.")
    for event in (removed, ended):
        assert (event.ip, event.via, event.policies) == ("127.0.0.1", "api", ["group-admins"])
        assert event.request_id == removed.request_id != ""
