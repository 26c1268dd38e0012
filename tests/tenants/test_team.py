"""The Team page and its changes, as an owner's and an admin's browser get them."""

from uuid import uuid4

import pytest

from authsec.database.context import tenant_context
from authz.models import Binding
from tenants.models import Membership
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
TEAM = "/t/acme-corp/settings/team/"


@pytest.fixture
def acme():
    return cast.open_tenant()


@pytest.fixture
def alice(acme):
    return cast.member(acme, "alice@acme.example", name="Alice Moreau")


@pytest.fixture
def olga(acme):
    return cast.signed_in(cast.owner_of(acme))


def membership(user) -> Membership:
    with tenant_context(user.tenant_id):
        return Membership.objects.get(user_id=user.id)


def roles(user) -> list[str]:
    with tenant_context(user.tenant_id):
        live = Binding.objects.filter(user_id=user.id, ended_at=None)
        return sorted(live.values_list("role__system_key", flat=True))


def test_everybody_stands_on_one_page_with_type_status_and_roles(acme, alice, olga):
    oncall = cast.group(acme, "on-call", [alice])
    cast.bind(acme, cast.role(acme, "Deploy Operator", ["deploy:run"]), oncall)
    page = olga.get(TEAM)
    assert [person.name for person in page.context["people"]] == ["Olga", "Alice Moreau"]
    for shown in ("last active owner", "Tenant owner", "Member, 1 by group", "2 active, 0 suspended, 0 left"):
        assert shown in page.text


def test_filters_by_status_and_text(acme, alice, olga):
    assert [p.name for p in olga.get(f"{TEAM}?q=moreau").context["people"]] == ["Alice Moreau"]
    assert [p.name for p in olga.get(f"{TEAM}?q={alice.id}").context["people"]] == ["Alice Moreau"]
    assert "Nobody matches" in olga.get(f"{TEAM}?status=left").text
    for query in ("status=gone", "q=%00", "q=" + "a" * 201):
        assert olga.get(f"{TEAM}?{query}").status_code == 400


def test_the_team_takes_six_statements_whatever_its_size(acme, olga):
    for more in (2, 20):
        for number in range(more):
            cast.member(acme, f"m{more}x{number}@acme.example")
        olga.get(TEAM)
        with statements() as sent:
            assert olga.get(TEAM).status_code == 200
        assert len(sent) == 6


def test_suspending_a_member_closes_the_console_and_says_why(alice, olga):
    browser = cast.signed_in(alice)
    assert browser.get("/t/acme-corp/end-users/").status_code == 200
    answer = olga.post(f"{TEAM}{alice.id}/suspend/", {"reason": "lost laptop"}, follow=True)
    assert "Alice Moreau suspended in acme-corp" in answer.text
    assert "lost laptop" in answer.text
    assert browser.get("/t/acme-corp/end-users/").status_code == 403
    assert roles(alice) == ["member"]
    undo = f"{TEAM}{alice.id}/reactivate/"
    assert f'<form method="post" action="{undo}">' in answer.text  # the notice takes it back
    olga.post(undo)
    assert browser.get("/t/acme-corp/end-users/").status_code == 200


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "a\x00b"])
def test_a_bad_reason_is_a_422_beside_the_field(alice, olga, reason):
    answer = olga.post(f"{TEAM}{alice.id}/suspend/", {"reason": reason})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert membership(alice).status == "active"


def test_changing_the_type_swaps_the_role_that_belongs_to_it(alice, olga):
    olga.post(f"{TEAM}{alice.id}/type/", {"type": "admin"})
    assert membership(alice).type == "admin"
    assert roles(alice) == ["tenant-admin"]
    assert olga.post(f"{TEAM}{alice.id}/type/", {"type": "emperor"}).status_code == 422


def test_an_admin_makes_no_owners(acme, alice):
    adam = cast.signed_in(cast.member(acme, "adam@acme.example", "admin"))
    assert 'value="owner"' not in adam.get(f"{TEAM}{alice.id}/type/").text
    assert adam.post(f"{TEAM}{alice.id}/type/", {"type": "owner"}).status_code == 422
    assert membership(alice).type == "member"


def test_removing_a_member_ends_what_they_held(acme, alice, olga):
    cast.group(acme, "on-call", [alice])
    assert "be undone" in olga.get(f"{TEAM}{alice.id}/remove/").text
    olga.post(f"{TEAM}{alice.id}/remove/", {"reason": "new job"})
    assert membership(alice).status == "left"
    assert roles(alice) == []
    assert olga.get(f"{TEAM}{alice.id}/remove/").status_code == 302
    refused = olga.get(f"{TEAM}{alice.id}/suspend/")
    assert refused.status_code == 409
    assert "An invitation brings them back" in refused.text


@pytest.mark.parametrize(
    ("change", "answer"),
    [("suspend", {"reason": "x"}), ("type", {"type": "member"}), ("remove", {})],
)
def test_the_last_owner_stays_and_the_page_says_so(acme, olga, change, answer):
    owner = cast.owner_of(acme)
    for headers in ({}, {"HX-Request": "true"}):
        here = f"{TEAM}{owner.id}/{change}/"
        for page in (olga.get(here, headers=headers), olga.post(here, answer, headers=headers)):
            assert page.status_code == 409
            assert "last active owner" in page.text
    assert (membership(owner).type, membership(owner).status) == ("owner", "active")


def test_strangers_unknown_people_and_readers(acme, alice, olga):
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    for user_id in (uuid4(), cast.owner_of(tools).id):
        for change in ("suspend", "reactivate", "type", "remove"):
            assert olga.get(f"{TEAM}{user_id}/{change}/").status_code == 404
    rita = cast.signed_in(cast.member(acme, "rita@example.test", "readonly_auditor"))
    assert "Suspend…" not in rita.get(TEAM).text
    assert rita.post(f"{TEAM}{alice.id}/suspend/", {"reason": "x"}).status_code == 403
    assert cast.signed_in(alice).get(TEAM).status_code == 403


def test_general_shows_name_slug_and_plan(olga):
    page = olga.get("/t/acme-corp/settings/").text
    assert "acme-corp" in page
    assert "Free" in page
