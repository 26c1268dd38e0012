"""A token carries what its owner may do now, not what they could when it was made."""

from collections.abc import Callable

import pytest

from tests.plain_client import demo_person, register
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks


def test_who_leaves_a_group_loses_its_scope_at_the_next_introspection_and_gets_it_back(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    alice = service.user("alice")
    person = demo_person(service, "alice")
    got = person.token(register(service), resource=resource, scope="pr:read pr:write")
    token = got["access_token"]
    assert "pr:write" in walk.scopes(service, token, by="github-mcp")

    operator = visit().sign_in(service.user("olga"))
    page = operator.go("/t/acme-corp/authz/groups/")
    page.get_by_role("link", name="engineering").first.click()
    row = page.locator("tr", has_text=alice["email"]).first
    row.get_by_role("button", name="Remove").or_(row.get_by_role("link", name="Remove")).first.click()
    confirm = page.locator("form.dialog:visible button.danger, form.dialog:visible button.primary")
    if confirm.count():
        confirm.last.click()
    page.wait_for_function(
        "email => !document.querySelector('main table')?.innerText.includes(email)", arg=alice["email"]
    )
    narrowed = service.introspect(token, by="github-mcp")
    assert narrowed["active"] is True
    assert "pr:write" not in narrowed["scope"].split()
    assert narrowed["scope_filtered"] is True

    form = page.locator("form", has=page.locator("[name=members], [name=people], [name=emails]")).first
    form.locator("[name=members], [name=people], [name=emails]").first.fill(alice["email"])
    form.locator("button.primary").first.click()
    page.wait_for_function(
        "email => document.querySelector('main')?.innerText.includes(email)", arg=alice["email"]
    )
    assert "pr:write" in walk.scopes(service, token, by="github-mcp")
    assert operator.violations() == []


def test_a_refresh_brings_back_no_more_than_what_was_consented_to(service: Service) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    client = register(service)
    got = demo_person(service, "alice").token(client, resource=resource, scope="pr:read")
    answer = service.http.post(
        "/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": got["refresh_token"],
            "client_id": client["client_id"],
            "scope": "pr:read pr:write",
            "resource": resource,
        },
    )
    if answer.status_code == 200:
        assert set(answer.json()["scope"].split()) == {"pr:read"}
        service.keep(answer.json()["access_token"], answer.json()["refresh_token"])
    else:
        assert answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize("key", ["alice"])
def test_the_sub_of_every_answer_is_the_user_id_in_that_tenant(service: Service, key: str) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    got = demo_person(service, key).token(register(service), resource=resource, scope="pr:read")
    assert service.introspect(got["access_token"], by="github-mcp")["sub"] == service.user_id(
        "acme-corp", key
    )
