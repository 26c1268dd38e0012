"""One end user's page as an owner's browser gets it: connections, tokens and sessions, and ending them."""

import json
from datetime import datetime
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from oauth import person_tokens
from oauth.models import Consent, DeviceGrant, RefreshToken
from oauth.usage.activity import USES
from tests import cast
from tests.console.api import Api, token_of
from tests.oauth import devices
from tests.oauth.world import World, world
from tests.statements import statements

pytestmark = pytest.mark.django_db
ED, OWNER = "ed@consumer.example", "owner@acme-corp.example"


@pytest.fixture
def it() -> Any:
    """``ed`` connected the client and holds a session; ``owner`` looks."""
    made = world()
    browser = made.signed_in(ED)
    tokens = made.tokens(browser)
    ed = cast.user_of(made.tenant, ED)
    return SimpleNamespace(
        world=made,
        browser=browser,
        tokens=tokens,
        ed=ed,
        owner=made.signed_in(OWNER),
        page=f"/t/{made.tenant.slug}/end-users/{ed.pk}/",
    )


def live(made: World) -> list[RefreshToken]:
    with tenant_context(made.tenant.pk):
        return list(RefreshToken.objects.filter(tenant=made.tenant, revoked=None))


def events(made: World, action: str) -> list[Event]:
    with tenant_context(made.tenant.pk):
        return list(Event.objects.filter(tenant=made.tenant, action=action))


def test_every_tab_keeps_to_its_statements(it: Any) -> None:
    it.owner.get(it.page)  # the first request of a visit writes it down
    found = {}
    for tab in (
        "",
        "access/",
        "connections/",
        "connections/?past",
        "tokens/",
        "tokens/?sign_ins",
        "activity/",
        "limits/",
        "json/",
    ):
        with statements() as sent:
            assert it.owner.get(it.page + tab).status_code == 200, tab
        found[tab] = len(sent)
    assert found.pop("access/") <= 8
    assert max(found.values()) <= 6, found


def test_each_tab_names_all_others_and_htmx_gets_it_without_the_head(it: Any) -> None:
    for tab in ("", "access/", "connections/", "tokens/", "activity/", "limits/", "json/"):
        whole = it.owner.get(it.page + tab)
        part = it.owner.get(it.page + tab, headers={"HX-Request": "true"})
        assert whole.text.count('aria-current="page"') >= 1
        assert "<html" in whole.text
        assert "<html" not in part.text
        assert "<title>" in part.text
        for other in ("access/", "connections/", "tokens/", "activity/", "limits/", "json/"):
            assert f'href="{it.page}{other}"' in part.text, (tab, other)


def test_the_connections_tab_says_who_checked_what_it_may_do_and_who_ended_it(it: Any) -> None:
    page = it.owner.get(f"{it.page}connections/").text
    for shown in ("Claude Code", "registered itself", "deploy-mcp", "2 live tokens", "<b>read</b>"):
        assert shown in page, shown
    with tenant_context(it.world.tenant.pk):
        consent = Consent.objects.get()
    url = f"/t/{it.world.tenant.slug}/users/{it.ed.pk}/connections/{consent.pk}/revoke/"
    question = it.owner.get(url).text
    assert "<b>2</b>" in question
    answer = it.owner.post(url, {"reason": "a stolen laptop"})
    assert answer["Location"] == f"{it.page}connections/"
    assert "Nothing is connected" in it.owner.get(answer["Location"]).text
    assert "ended it" in it.owner.get(f"{it.page}connections/?past").text
    assert it.world.facts(it.tokens["access_token"]) == {"active": False}


def test_cutting_off_all_clients_counts_first_and_ends_each_consent(it: Any) -> None:
    url = f"{it.page}connections/withdraw/"
    question = it.owner.get(url).text
    assert "<b>1</b>" in question
    assert "<b>2</b>" in question
    assert it.owner.post(url, {"reason": "leaving"}).status_code == 302
    assert it.world.facts(it.tokens["access_token"]) == {"active": False}
    assert [event.reason for event in events(it.world, "consent.withdrawn")] == ["leaving"]
    it.owner.post(url, {})
    assert len(events(it.world, "consent.withdrawn")) == 1


def test_one_access_token_dies_alone(it: Any) -> None:
    token_id = it.world.facts(it.tokens["access_token"])["jti"]
    assert token_id in it.owner.get(f"{it.page}tokens/").text
    url = f"{it.page}tokens/{token_id}/revoke/"
    assert "can fetch another one at once" in it.owner.get(url).text
    assert it.owner.post(url, {"reason": "seen in a log"}).status_code == 302
    assert it.world.facts(it.tokens["access_token"]) == {"active": False}
    assert len(live(it.world)) == 1
    assert it.world.refresh(it.tokens["refresh_token"]).status_code == 200
    (event,) = events(it.world, "token.revoked")
    assert (event.reason, event.after["token"], event.target_id) == ("seen in a log", token_id, it.ed.pk)
    assert it.owner.post(url, {}).status_code == 404


def test_ending_a_session_leaves_the_other_one(it: Any) -> None:
    other = it.world.tokens(it.browser)
    newest, oldest = sorted(live(it.world), key=lambda row: row.created, reverse=True)
    url = f"{it.page}tokens/{oldest.pk}/revoke/"
    assert "<b>2</b>" in it.owner.get(url).text
    assert it.owner.post(url, {}).status_code == 302
    assert it.world.facts(it.tokens["access_token"]) == {"active": False}
    assert it.world.refresh(it.tokens["refresh_token"]).status_code == 400
    assert it.world.facts(other["access_token"])["active"]
    assert [row.pk for row in live(it.world)] == [newest.pk]
    (event,) = events(it.world, "token.session_ended")
    assert event.after["tokens"] == 2


def test_revoking_all_tokens_leaves_connection_and_status(it: Any) -> None:
    url = f"{it.page}tokens/revoke/"
    assert "<b>2</b>" in it.owner.get(url).text
    assert it.owner.post(url, {"reason": "rotation"}).status_code == 302
    assert "No token works now" in it.owner.get(f"{it.page}tokens/").text
    assert "Claude Code" in it.owner.get(f"{it.page}connections/").text
    assert "rotation" in it.owner.get(f"{it.page}activity/?kind=tokens").text


def test_another_persons_token_and_an_unknown_one_are_404(it: Any) -> None:
    carol = it.world.signed_in("carol@consumer.example")
    hers = it.world.facts(it.world.tokens(carol)["access_token"])["jti"]
    for token_id in (hers, "00000000-0000-4000-8000-000000000000"):
        url = f"{it.page}tokens/{token_id}/revoke/"
        assert it.owner.get(url).status_code == 404
        assert it.owner.post(url, {}).status_code == 404


def test_an_auditor_reads_all_of_it_and_ends_nothing(it: Any) -> None:
    rita = cast.signed_in(cast.member(it.world.tenant, "rita@example.test", "readonly_auditor"))
    for tab in ("connections/", "tokens/", "activity/"):
        page = rita.get(it.page + tab)
        assert page.status_code == 200
        assert "/revoke/" not in page.text
    assert rita.post(f"{it.page}tokens/revoke/", {}).status_code == 403


def test_the_api_lists_and_ends_what_the_page_does(it: Any) -> None:
    api = Api(token_of(cast.owner_of(it.world.tenant)), it.world.tenant)
    path = f"/uflow/v2/tenants/{it.world.tenant.pk}/end-users/{it.ed.pk}"
    (connected,) = api("GET", f"{path}/connections").json()["items"]
    assert (connected["client"]["name"], connected["tokens"]) == ("Claude Code", 2)
    assert {scope["state"] for scope in connected["scopes"]} == {"active"}
    it.owner.post(f"{it.page}suspend/", {"reason": "a look"})
    (held,) = api("GET", f"{path}/connections").json()["items"]
    assert (held["standing"], held["scopes"][0]["state"]) == ("suspended", "no_standing")
    it.owner.post(f"{it.page}reactivate/", {})
    access, refresh = sorted(api("GET", f"{path}/tokens").json()["items"], key=lambda item: item["kind"])
    assert (access["kind"], refresh["kind"]) == ("access", "refresh")
    assert access["session_id"] == refresh["session_id"]
    assert access["id"] == it.world.facts(it.tokens["access_token"])["jti"]
    for _ in range(2):  # what is over already stays so
        assert api("DELETE", f"{path}/tokens/{access['id']}").status_code == 204
        assert api("DELETE", f"{path}/tokens/{refresh['id']}?reason=laptop%20lost").status_code == 204
        assert api("DELETE", f"{path}/connections/{connected['id']}?reason=not+ours").status_code == 204
    assert it.world.refresh(it.tokens["refresh_token"]).status_code == 400
    assert api("GET", f"{path}/tokens").json()["items"] == []
    assert api("GET", f"{path}/connections").json()["items"] == []
    (ended,) = api("GET", f"{path}/connections?state=ended").json()["items"]
    assert ended["ended_by"]
    assert {scope["state"] for scope in ended["scopes"]} == {"ended"}
    (event,) = events(it.world, "token.session_ended")
    assert event.reason == "laptop lost"
    assert [event.reason for event in events(it.world, "consent.withdrawn")] == ["not ours"]
    assert api("DELETE", f"{path}/tokens/{refresh['id']}?reason={'x' * 501}").status_code == 400
    assert api("DELETE", f"{path}/tokens/{it.ed.pk}").status_code == 404
    it.world.tokens(it.browser)
    assert api("POST", f"{path}/revoke-connections", {"reason": "all"}).status_code == 200
    assert api("GET", f"{path}/connections").json()["count"] == 0


def test_sessions_and_tokens_come_page_by_page_both_ways(it: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oauth.person_tokens.ON_ONE_PAGE", 2)
    monkeypatch.setattr("oauth.person_tokens.SHOWN", 2)
    for _ in range(4):
        tokens = it.world.tokens(it.browser)
    for _ in range(2):  # the newest session: a refresh token and three access tokens
        tokens = it.world.refresh(tokens["refresh_token"]).json()
    whose = {"tenant_id": it.world.tenant.pk, "user_id": it.ed.pk, "now": timezone.now()}

    def walk(cursor: str | None, way: str) -> list[list[Any]]:
        found = []
        while cursor is not None:
            page = person_tokens.sessions_of(**whose, cursor=cursor)
            assert page.count.value == 5
            found.append([session.family for session in page.items])
            cursor, last = getattr(page, way), page
        return [*found, last]

    with tenant_context(it.world.tenant.pk):
        *down, last = walk("", "next")
        assert [len(page) for page in down] == [2, 2, 1]
        assert len({family for page in down for family in page}) == 5
        *up, _first = walk(last.previous, "previous")
        assert up == down[:-1][::-1]
        newest = person_tokens.sessions_of(**whose).items[0]
        assert (newest.number, newest.hidden, newest.lasting is not None) == (4, 2, True)
    page = it.owner.get(f"{it.page}tokens/").text
    assert "and 2 older access tokens" in page
    assert "cursor=" in page
    assert it.owner.get(f"{it.page}tokens/?cursor=x").status_code == 400
    assert "Signed in nowhere" in it.owner.get(f"{it.page}tokens/?sign_ins").text
    # One that is beyond what the page shows can be revoked all the same.
    api = Api(token_of(cast.owner_of(it.world.tenant)), it.world.tenant)
    path = f"/uflow/v2/tenants/{it.world.tenant.pk}/end-users/{it.ed.pk}/tokens"
    seen, cursor = [], ""
    while cursor is not None:
        answer = api("GET", f"{path}?limit=5&cursor={cursor}").json()
        seen, cursor = seen + [item["id"] for item in answer["items"]], answer["next"]
    assert len(seen) == len(set(seen)) == answer["count"] == 12
    assert it.owner.get(f"{it.page}tokens/{seen[-1]}/revoke/").status_code == 200


def test_an_access_token_that_was_asked_about_says_when(it: Any) -> None:
    api = Api(token_of(cast.owner_of(it.world.tenant)), it.world.tenant)
    path = f"/uflow/v2/tenants/{it.world.tenant.pk}/end-users/{it.ed.pk}/tokens"

    def last_used() -> dict[str, Any]:
        return {item["kind"]: item["last_used_at"] for item in api("GET", path).json()["items"]}

    assert last_used() == {"access": None, "refresh": None}
    asked, token = timezone.now(), it.world.facts(it.tokens["access_token"])["jti"]
    with connection.cursor() as cursor:  # as the process of introspection writes it down
        cursor.execute(USES, [[it.world.tenant.pk], [token], [asked], [asked]])
    assert datetime.fromisoformat(last_used()["access"]) == asked
    assert "last used" in it.owner.get(f"{it.page}tokens/").text


def test_the_raw_tab_is_what_the_api_answers(it: Any) -> None:
    api = Api(token_of(cast.owner_of(it.world.tenant)), it.world.tenant)
    said = it.owner.get(f"{it.page}json/").text.split("<code>")[1].split("</code>")[0]
    path = f"/uflow/v2/tenants/{it.world.tenant.pk}/end-users/{it.ed.pk}"
    assert json.loads(unescape(said)) == api("GET", path).json()


def test_a_device_that_was_allowed_stands_there_and_ending_it_gives_it_nothing(it: Any) -> None:
    it.world.client = devices.device_client()
    code, user_code = devices.begun(it.world)
    devices.answer(it.browser, user_code)
    page = it.owner.get(f"{it.page}tokens/").text
    assert "allowed, not fetched yet" in page
    with tenant_context(it.world.tenant.pk):
        device = DeviceGrant.objects.get(subject=it.ed.pk)
    url = f"{it.page}tokens/{device.pk}/revoke/"
    assert "can’t fetch its tokens" in it.owner.get(url).text
    assert it.owner.post(url, {}).status_code == 302
    assert devices.poll(it.world, code).status_code == 400
    assert "allowed, not fetched yet" not in it.owner.get(f"{it.page}tokens/").text
    assert len(events(it.world, "token.session_ended")) == 1


def test_a_members_connection_is_cut_off_too_and_leads_back_to_a_page_that_is_there(it: Any) -> None:
    member, tenant = cast.owner_of(it.world.tenant), it.world.tenant
    cast.bind(tenant, cast.role(tenant, "Owner reads", ["read"]), member, it.world.application)
    tokens = it.world.tokens(it.owner)
    with tenant_context(it.world.tenant.pk):
        consent = Consent.objects.get(user_id=member.pk)
    people = f"/t/{it.world.tenant.slug}/users/{member.pk}/connections/"
    answer = it.owner.post(f"{people}{consent.pk}/revoke/", {})
    assert answer["Location"] == people
    assert "has connected nothing" in it.owner.get(people).text
    assert it.world.facts(tokens["access_token"]) == {"active": False}
    team = it.owner.get(f"/t/{it.world.tenant.slug}/settings/team/{member.pk}/").text
    assert f'href="{people}"' in team
    assert it.owner.get(f"/t/{it.world.tenant.slug}/end-users/{member.pk}/connections/").status_code == 404
