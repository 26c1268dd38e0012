"""Filling groups from pasted lists, emptying them, ending all they give, and what stays of them."""

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import groups, service_accounts
from authz.fates import fates, read_list
from authz.models import Binding, Group, GroupMember
from authz.refusals import Refused
from tenants import operations as tenants
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
LIST = "/t/acme-corp/authz/groups/"


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def hand(acme: SimpleNamespace) -> Actor:
    return Actor(kind="member", id=acme.adam.pk, name="Adam", via="console")


def inside(acme: SimpleNamespace, group: Group) -> set[UUID]:
    with tenant_context(acme.id):
        live = GroupMember.objects.filter(tenant_id=acme.id, group=group, ended_at=None)
        return set(live.values_list("user_id", flat=True))


@pytest.mark.parametrize(
    ("pasted", "entries"),
    [
        (
            "a@x.example, b@x.example;c@x.example\nd@x.example",
            ["a@x.example", "b@x.example", "c@x.example", "d@x.example"],
        ),
        ("Alice Moreau <a@x.example>", ["a@x.example"]),
        ('"Moreau, Alice" <a@x.example>, Bob <b@x.example>', ["a@x.example", "b@x.example"]),
        ("Moreau, Alice <a@x.example>; b@x.example", ["a@x.example", "b@x.example"]),
        ("1\tAlice\ta@x.example\tEngineering", ["a@x.example"]),
        ("01a20000-0000-7000-8000-000000000001 the bot", ["01a20000-0000-7000-8000-000000000001"]),
        ("alice moreau, bob", ["alice moreau", "bob"]),
        ("<>\n ,;\n", []),
        ("A <not an address>", ["not an address"]),
    ],
)
def test_a_pasted_list_is_read_however_it_was_written(pasted: str, entries: list[str]) -> None:
    assert read_list(pasted) == entries


def test_each_line_has_its_fate_and_nothing_is_added_before_the_button(
    acme: SimpleNamespace, adam: Client
) -> None:
    gone = cast.member(acme.tenant, "gone@acme.example")
    ill = cast.member(acme.tenant, "ill@acme.example")
    with tenant_context(acme.id):
        at = {"tenant_id": acme.id, "actor": SYSTEM, "now": timezone.now()}
        tenants.remove_member(**at, user_id=gone.pk)
        tenants.suspend_member(**at, user_id=ill.pk, reason="a test")
    typed = "ADAM@acme.example\nalice@acme.example\nadam@acme.example\ngone@acme.example, ill@acme.example"
    entries = read_list(f"{typed}\nnobody@acme.example {uuid4()}\nrubbish")
    with statements() as sent:
        told = fates(tenant_id=acme.id, group_id=acme.engineering.pk, entries=entries)
    states = [fate.state for fate in told]
    assert states == ["added", "inside", "repeated", "left", "suspended", "unknown", "unknown", "malformed"]
    assert len([one for one in sent if one.startswith("SELECT")]) <= 4

    url = f"{LIST}{acme.engineering.pk}/members/"
    before = inside(acme, acme.engineering)
    page = adam.post(url, {"people": typed}).content.decode()
    assert "Add 2 people" in page
    assert "has left" in page
    assert inside(acme, acme.engineering) == before
    done = adam.post(url, {"people": typed, "action": "add"}, follow=True).content.decode()
    assert "2 people added to engineering; 1 was not" in done
    assert inside(acme, acme.engineering) == before | {acme.adam.pk, ill.pk}
    with tenant_context(acme.id):
        events = Event.objects.filter(action="group.member_added", target_id=acme.engineering.pk)
        assert set(events.values_list("about_id", flat=True)) == {acme.adam.pk, ill.pk}
    again = adam.post(url, {"user": [str(acme.adam.pk)], "action": "add"}, follow=True).content.decode()
    assert "Already in engineering" in again
    nobody = adam.post(url, {"people": "nobody@acme.example", "action": "add"})
    assert (nobody.status_code, "nobody@acme.example" in nobody.content.decode()) == (422, True)
    many = "\n".join(f"p{number}@x.example" for number in range(501))
    assert "At most 500" in adam.post(url, {"people": many}).content.decode()


def test_many_are_added_by_as_many_statements_as_one(acme: SimpleNamespace) -> None:
    people = [cast.user_of(acme.tenant, f"p{number}@consumer.example").pk for number in range(12)]

    def add(who: list[UUID]) -> int:
        with statements() as sent:
            groups.add_members(
                tenant_id=acme.id, group_id=acme.oncall.pk, user_ids=who, actor=SYSTEM, now=timezone.now()
            )
        return len(sent)

    assert add(people[:1]) == add(people[1:])


def test_people_are_picked_from_a_search(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{LIST}{acme.engineering.pk}/members/"
    page = adam.get(f"{url}?q=carl").content.decode()
    assert f'value="{acme.carl.pk}"' in page
    assert f'value="{acme.adam.pk}"' not in page
    assert adam.get(url, {"q": "\x00"}).status_code == 400
    assert adam.post(url, {"user": [str(acme.carl.pk)], "action": "add"}).status_code == 302
    assert acme.carl.pk in inside(acme, acme.engineering)
    assert adam.post(url, {"user": ["carl"], "action": "add"}).status_code == 422


def test_who_may_not_add_to_a_group_keeps_the_list_and_reads_why(acme: SimpleNamespace, adam: Client) -> None:
    owners = cast.group(acme.tenant, "Owners")
    cast.bind(acme.tenant, cast.system_role(acme.tenant, "tenant-owner"), owners)
    pasted = {"people": "alice@acme.example", "action": "add"}
    answer = adam.post(f"{LIST}{owners.id}/members/", pasted)
    assert answer.status_code == 403
    assert "alice@acme.example</textarea>" in answer.text
    assert "Somebody who holds it can do this." in answer.text
    # htmx draws what is answered with 422.
    partial = adam.post(f"{LIST}{owners.id}/members/", pasted, headers={"HX-Request": "true"})
    assert (partial.status_code, "org:transfer" in partial.text) == (422, True)
    # The question before the group's end says so too, instead of a page without a way back.
    asked = adam.post(f"{LIST}{owners.id}/end-access/", {"reason": "over"})
    assert (asked.status_code, "Only who may make owners" in asked.text) == (403, True)
    assert "over" in asked.text
    assert not inside(acme, owners)


def test_whom_a_directory_keeps_nobody_takes_out_by_hand(acme: SimpleNamespace, adam: Client) -> None:
    with tenant_context(acme.id):
        GroupMember.objects.filter(group=acme.oncall, user=acme.alice).update(source="scim")
    url = f"{LIST}{acme.oncall.pk}/"
    page = adam.get(url).content.decode()
    assert f"members/{acme.alice.pk}/remove/" not in page
    assert f"members/{acme.carl.pk}/remove/" in page
    both = {"user": [str(acme.alice.pk), str(acme.carl.pk)]}
    refused = adam.post(f"{url}members/remove/", both)
    assert refused.status_code == 422
    assert "SCIM keeps Alice Moreau in the group" in refused.content.decode()
    assert inside(acme, acme.oncall) == {acme.alice.pk, acme.carl.pk}, "all or none"
    named = {"tenant_id": acme.id, "group_id": acme.oncall.pk, "now": timezone.now()}
    assert groups.remove_members(**named, user_ids=[acme.alice.pk], actor=SYSTEM), "the directory itself may"


def test_several_are_taken_out_with_a_reason_each_in_an_event(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{LIST}{acme.oncall.pk}/members/remove/"
    one = adam.get(url, {"user": str(acme.alice.pk)})
    assert one.context["hidden"] == [("user", acme.alice.pk)], "else its form would take nobody out"
    both = {"user": [str(acme.alice.pk), str(acme.carl.pk)]}
    asked = adam.get(url, both).content.decode()
    assert "Take 2 people out of on-call in acme-corp?" in asked
    assert adam.post(url, both | {"reason": "rota"}).status_code == 302
    assert inside(acme, acme.oncall) == set()
    with tenant_context(acme.id):
        events = Event.objects.filter(action="group.member_removed", reason="rota")
        assert set(events.values_list("about_id", flat=True)) == {acme.alice.pk, acme.carl.pk}
    past = adam.get(f"{LIST}{acme.oncall.pk}/history/").content.decode()
    assert "Carl Jensen" in past
    nobody = adam.get(url, follow=True).content.decode()
    assert "Nobody is taken out" in nobody
    assert adam.get(url, {"user": "carl"}).status_code == 400


def test_all_access_of_a_group_ends_at_once_each_binding_with_its_event(
    acme: SimpleNamespace, adam: Client
) -> None:
    cast.bind(acme.tenant, acme.writer, acme.oncall, acme.github)
    url = f"{LIST}{acme.oncall.pk}/"
    asked = adam.get(f"{url}end-access/").content.decode()
    assert "End all access of on-call in acme-corp now?" in asked
    assert "lose deploy:run" in asked, "what it costs whom, before it is done"
    assert adam.post(f"{url}end-access/", {"reason": "INC-7"}).status_code == 302
    with tenant_context(acme.id):
        ended = Binding.objects.filter(tenant_id=acme.id, group=acme.oncall)
        assert {row.ended_by for row in ended} == {acme.adam.pk}
        events = Event.objects.filter(action="binding.ended", reason="INC-7")
        assert {event.target_id for event in events} == {row.pk for row in ended}
        whole = Event.objects.get(action="group.access_ended")
        assert (whole.reason, whole.before) == ("INC-7", {"bindings": 2})
    assert len(inside(acme, acme.oncall)) == 2, "the people stay"
    shown = adam.get(url).content.decode()
    assert "ended all access of" in shown
    assert "It gives nothing yet" in shown
    named = {"tenant_id": acme.id, "group_id": acme.oncall.pk, "now": timezone.now()}
    assert groups.end_access(**named, actor=hand(acme)) == []


def test_who_may_not_unmake_owners_ends_none_of_a_groups_bindings(acme: SimpleNamespace) -> None:
    cast.bind(acme.tenant, cast.system_role(acme.tenant, "tenant-owner"), acme.oncall)
    with pytest.raises(PermissionDenied, match="make owners"):
        groups.end_access(tenant_id=acme.id, group_id=acme.oncall.pk, actor=hand(acme), now=timezone.now())
    with tenant_context(acme.id):
        assert Binding.objects.filter(group=acme.oncall, ended_at=None).count() == 2


def test_an_archived_group_is_read_as_history_and_never_opened_again(
    acme: SimpleNamespace, adam: Client
) -> None:
    url = f"{LIST}{acme.oncall.pk}/"
    assert "keep what comes another way" in adam.get(f"{url}archive/").content.decode()
    adam.post(f"{url}archive/")
    page = adam.get(url, follow=True).content.decode()
    assert "Gave when it was archived" in page
    assert "Carl Jensen" in page
    assert "Add people" not in page
    assert "on-call" in adam.get(f"{LIST}?status=ended").content.decode()
    assert "on-call" not in adam.get(LIST).content.decode()
    for rest in ("edit/", "members/", "give/", "end-access/"):
        assert adam.post(f"{url}{rest}", {"name": "x"}).status_code == 404
    named = {"tenant_id": acme.id, "group_id": acme.oncall.pk, "actor": SYSTEM, "now": timezone.now()}
    for verb, given in ((groups.edit, {"name": "x"}), (groups.end_access, {})):
        with pytest.raises(Refused, match="is archived"):
            verb(**named, **given)
    again = groups.create(tenant_id=acme.id, name="on-call", actor=SYSTEM, now=timezone.now())
    assert again.pk != acme.oncall.pk


def test_groups_are_found_by_name_and_by_who_fills_them(acme: SimpleNamespace, adam: Client) -> None:
    with tenant_context(acme.id):
        GroupMember.objects.filter(group=acme.oncall, user=acme.alice).update(source="oidc")

    def names(query: str) -> list[str]:
        return [group.name for group in adam.get(f"{LIST}?{query}").context["page"].items]

    assert names("q=ENG") == ["engineering"]
    assert names("source=oidc") == ["on-call"]
    assert names(f"q={acme.oncall.pk}") == ["on-call"]
    assert names("q=nothing") == []
    assert adam.get(f"{LIST}?status=x").status_code == 400
    assert adam.get(f"{LIST}?q=%00").status_code == 400


def test_a_member_is_found_in_a_group_and_a_group_is_renamed(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{LIST}{acme.oncall.pk}/"
    found = adam.get(f"{url}?member=jensen").context["members"]
    assert [person["user_id"] for person in found.items] == [acme.carl.pk]
    assert adam.post(f"{url}edit/", {"name": "engineering"}).status_code == 422
    assert adam.post(f"{url}edit/", {"name": "night shift", "description": "Pager"}).status_code == 302
    assert "night shift" in adam.get(url).content.decode()


def test_an_account_is_renamed_and_its_bindings_stand_in_its_activity(
    acme: SimpleNamespace, adam: Client
) -> None:
    url = f"/t/acme-corp/authz/service-accounts/{acme.account.pk}/"
    assert adam.post(f"{url}edit/", {"name": "deploy-bot"}).status_code == 302
    given = adam.post(f"{url}give/", {"role": acme.operator.id, "application": acme.deploy.id})
    assert given.status_code == 302
    page = adam.get(f"{url}history/").content.decode()
    assert "changed service account" in page
    assert "Deploy Operator on deploy-mcp for deploy-bot" in page
    asked = adam.get(f"{url}end/").content.decode()
    assert "End deploy-bot in acme-corp?" in asked
    assert "binding gives nothing any more" in asked
    with pytest.raises(Refused, match="Another service account here has this name"):
        service_accounts.create(tenant_id=acme.id, name="deploy-bot", actor=SYSTEM, now=timezone.now())
