"""A token carries what its owner may do now, not what they could when it was made."""

import secrets
from collections.abc import Callable

from tests.plain_client import demo_person, newcomer, register
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks


def test_who_leaves_a_group_loses_its_scope_at_the_next_introspection_and_gets_it_back(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    person, email = newcomer(service)
    person.token(register(service), resource=resource)  # the first consent makes them an end user
    operator = visit().become("olga")
    page = walk.make_group(operator, f"writers {secrets.token_hex(3)}", members=[email])
    walk.give_role(page, "PR Writer", "github-mcp")
    token = person.token(register(service), resource=resource, scope="pr:read pr:write")["access_token"]
    assert walk.scopes(service, token, by="github-mcp") == {"pr:read", "pr:write"}

    walk.remove_from_group(page, email)
    narrowed = service.introspect(token, by="github-mcp")
    assert narrowed["active"] is True
    assert narrowed["scope"] == "pr:read"
    assert narrowed["scope_filtered"] is True

    walk.add_to_group(page, [email])
    assert walk.scopes(service, token, by="github-mcp") == {"pr:read", "pr:write"}
    assert operator.violations() == []


def test_a_refresh_brings_back_no_more_than_what_was_consented_to(service: Service) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    client = register(service)
    got = demo_person(service, "alice").token(client, resource=resource, scope="pr:read")
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": got["refresh_token"],
        "client_id": client["client_id"],
        "resource": resource,
    }
    wider = service.http.post("/oauth/token", data=asked | {"scope": "pr:read pr:write"})
    assert wider.status_code == 400
    assert wider.json()["error"] == "invalid_scope"
    same = service.http.post("/oauth/token", data=asked)
    assert same.status_code == 200, "a refused refresh consumes nothing"
    assert same.json()["scope"] == "pr:read"
    service.keep(same.json()["access_token"], same.json()["refresh_token"])


def test_the_sub_of_every_answer_is_the_user_id_in_that_tenant(service: Service) -> None:
    resource = service.application("github-mcp")["resource_uri"]
    got = demo_person(service, "alice").token(register(service), resource=resource, scope="pr:read")
    answer = service.introspect(got["access_token"], by="github-mcp")
    assert answer["sub"] == service.user_id("acme-corp", "alice")
