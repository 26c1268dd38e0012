"""What an Application's own server asks besides introspection: its policy, and a place for the list of its tools.

The shapes are those of the public authsec-sdk, whose walk is ``tests/walks/test_authsec_sdk.py``.
"""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import applications, queries, tools
from authz.models import Application, Tool, ToolRule
from authz.scope_changes import set_scopes
from oauth import credentials
from oauth.models import ResourceCredential
from tenants.models import Tenant
from tests.oauth import world as worlds
from tests.oauth.world import World, basic

pytestmark = pytest.mark.django_db
LIST_FILES = {
    "name": "list_files",
    "title": "List files",
    "description": "Names of files.\nOne a line.",
    "input_schema": {"type": "object", "properties": {"folder": {"type": "string"}}},
    "annotations": {"readOnlyHint": True},
    "suggested_scopes": ["read"],
}


@pytest.fixture
def it() -> World:
    return worlds.world()


def base(it: World, application_id: Any = None) -> str:
    return f"/authsec/resource-servers/{application_id or it.application.pk}"


def policy(it: World, credential: tuple[str, str] | None = None, **headers: str) -> Any:
    return Browser().get(f"{base(it)}/sdk-policy", headers=basic(*(credential or it.credential)) | headers)


def put(it: World, body: Any, credential: tuple[str, str] | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body)
    return Browser().put(
        f"{base(it)}/sdk-manifest",
        raw,
        content_type="application/json",
        headers=basic(*(credential or it.credential)),
    )


def published(it: World, *specs: Any) -> dict[str, Any]:
    listed = [spec if isinstance(spec, dict) else {"name": spec} for spec in specs]
    answer = put(it, {"tools": listed})
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def decide(it: World, tool: str, *scopes: str, public: bool = False) -> None:
    tools.decide(
        tenant_id=it.tenant.id,
        application_id=it.application.pk,
        tool_name=tool,
        is_public=public,
        required_scopes=scopes,
        actor=SYSTEM,
        now=timezone.now(),
    )


def events(it: World, action: str) -> list[Event]:
    with tenant_context(it.tenant.id):
        return list(Event.objects.filter(tenant=it.tenant, action=action).order_by("at"))


def test_a_policy_is_incomplete_until_somebody_decided_about_a_published_tool(it: World) -> None:
    first = policy(it).json()
    assert (first["state"], first["policy_complete"], first["generation"]) == ("unpublished", False, 0)
    published(it, LIST_FILES, "drop_files")
    second = policy(it).json()
    assert (second["state"], second["policy_complete"], second["tool_policy"]) == ("undecided", False, [])
    assert second["reason"] == "No operator has decided yet who may call which tool."
    decide(it, "list_files", "read", "write")
    third = policy(it).json()
    assert third == {
        "state": "ready",
        "policy_complete": True,
        # Nobody decided about drop_files: it is left out, which is a no.
        "tool_policy": [{"name": "list_files", "is_public": False, "required_scopes": ["read", "write"]}],
        "scopes_supported": ["read", "run", "write"],
        "generation": third["generation"],
    }
    assert third["generation"] > second["generation"] > first["generation"]


def test_public_and_nobodys_are_two_decisions(it: World) -> None:
    published(it, "ping", "drop_files")
    decide(it, "ping", public=True)
    decide(it, "drop_files")
    assert policy(it).json()["tool_policy"] == [{"name": "ping", "is_public": True, "required_scopes": []}]


def test_a_manifest_changes_no_decision(it: World) -> None:
    published(it, LIST_FILES, "drop_files")
    decide(it, "list_files", "read")
    decide(it, "drop_files")
    before = policy(it).json()["tool_policy"]
    with tenant_context(it.tenant.id):
        decided = list(ToolRule.objects.order_by("id").values())
    # The server was taken over: it suggests, describes anew, claims to be public, takes away and brings back.
    hostile = LIST_FILES | {"is_public": True, "required_scopes": [], "suggested_scopes": ["run"]}
    published(
        it, hostile, {"name": "drop_files", "is_public": True, "suggested_scopes": ["read"]}, "backdoor"
    )
    assert policy(it).json()["tool_policy"] == before
    published(it)
    assert policy(it).json()["policy_complete"] is False
    published(it, hostile, "drop_files")
    assert policy(it).json()["tool_policy"] == before
    with tenant_context(it.tenant.id):
        assert list(ToolRule.objects.order_by("id").values()) == decided
        # Closed, never deleted.
        rows = Tool.objects.filter(name="list_files").order_by("published_at")
        assert [row.ended_at is None for row in rows] == [False, True]


def test_a_closed_scope_leaves_the_policy_and_a_tool_without_any_is_nobodys(it: World) -> None:
    published(it, "list_files")
    decide(it, "list_files", "run")
    generation = policy(it).json()["generation"]
    set_scopes(
        tenant_id=it.tenant.id,
        application_id=it.application.pk,
        scopes=[],
        actor=SYSTEM,
        now=timezone.now(),
    )
    now = policy(it).json()
    assert (now["tool_policy"], now["scopes_supported"], now["policy_complete"]) == ([], [], True)
    assert now["generation"] > generation


def test_a_disabled_application_and_a_closed_tenant_let_nobody_call_anything(it: World) -> None:
    published(it, "list_files")
    decide(it, "list_files", "read")
    with tenant_context(it.tenant.id):
        Tenant.objects.filter(pk=it.tenant.pk).update(status="closed")
    assert policy(it).json()["state"] == "disabled"
    with tenant_context(it.tenant.id):
        Tenant.objects.filter(pk=it.tenant.pk).update(status="open")
        Application.objects.update(status="disabled")
    answer = policy(it).json()
    assert (answer["state"], answer["policy_complete"], answer["tool_policy"]) == ("disabled", False, [])


def test_an_entity_tag_spares_the_body_and_every_cache_asks(it: World) -> None:
    """RFC 9110 §13.1.2."""
    published(it, "list_files")
    decide(it, "list_files", "read")
    first = policy(it)
    assert first["Cache-Control"] == "private, no-cache"
    again = policy(it, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    decide(it, "list_files", "write")
    assert policy(it, **{"If-None-Match": first["ETag"]}).status_code == 200


def test_basic_is_taken_raw_and_form_encoded(it: World) -> None:
    """RFC 6749 §2.3.1: clients do either."""
    encoded = tuple(quote_plus(part).replace("_", "%5F") for part in it.credential)
    assert policy(it, encoded).status_code == policy(it).status_code == 200


def test_no_other_credential_opens(it: World) -> None:
    key, secret = it.credential
    with tenant_context(it.tenant.id):
        other = credentials.issue(
            tenant_id=it.tenant.id, application_id=it.application.pk, actor=SYSTEM, now=timezone.now()
        )
    wrong = [(key, secret + "x"), (key, other[1]), ("nobody", secret), (key, ""), ("\x00", "\x00")]
    for pair in wrong:
        for answer in (policy(it, pair), put(it, {"tools": []}, pair)):
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"].startswith("Basic ")
    for header in ("", "Basic", "Basic !!!", "Bearer " + secret, "Basic " + base64.b64encode(b"x").decode()):
        answer = Browser().get(f"{base(it)}/sdk-policy", headers={"Authorization": header})
        assert answer.status_code == 401


@pytest.mark.parametrize("column", ["ended_at", "expires_at"])
def test_a_credential_that_is_over_is_refused_like_a_wrong_one(it: World, column: str) -> None:
    with tenant_context(it.tenant.id):
        ResourceCredential.objects.update(**{column: timezone.now() - timedelta(seconds=1)})
    assert policy(it).status_code == put(it, {"tools": []}).status_code == 401


def test_another_applications_id_is_nobodys_id(it: World) -> None:
    other = worlds.world("globex")
    headers = basic(*it.credential)
    told = set()
    for key in (other.application.pk, uuid4()):
        answer = Browser().get(f"{base(it, key)}/sdk-policy", headers=headers)
        assert answer.status_code == 404
        told.add(answer.json()["detail"])
        answer = Browser().put(
            f"{base(it, key)}/sdk-manifest", b"{}", content_type="application/json", headers=headers
        )
        assert answer.status_code == 404
    assert len(told) == 1
    applications.archive(
        tenant_id=it.tenant.id, application_id=it.application.pk, actor=SYSTEM, now=timezone.now()
    )
    assert policy(it).status_code == 404


def test_only_the_one_method_is_taken(it: World) -> None:
    for path, right in (("sdk-policy", "GET, HEAD"), ("sdk-manifest", "PUT")):
        for method in {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"} - {*right.split(", ")}:
            answer = Browser().generic(method, f"{base(it)}/{path}", headers=basic(*it.credential))
            assert (answer.status_code, answer["Allow"]) == (405, right)


def test_publishing_is_recorded_once_with_what_changed(it: World) -> None:
    assert published(it, LIST_FILES, "drop_files")["added"] == 2
    again = published(it, LIST_FILES, "drop_files")
    assert (again["added"], again["changed"], again["removed"]) == (0, 0, 0)
    published(it, LIST_FILES | {"description": "Deletes files."})
    first, second = events(it, "application.tools_published")
    assert (first.actor_kind, first.actor_name) == ("application", "deploy-mcp")
    assert first.after["added"] == ["list_files", "drop_files"]
    assert first.after["credential_id"] == it.credential[0]
    assert second.after["changed"] == {"list_files": ["description"]}
    assert second.after["removed"] == ["drop_files"]


def test_a_decision_is_recorded_with_what_it_was_before(it: World) -> None:
    published(it, "list_files")
    decide(it, "list_files", "read")
    decide(it, "list_files", "read")  # so already: nothing happens
    decide(it, "list_files", public=True)
    first, second = events(it, "application.tool_decided")
    assert first.before is None
    assert second.before == {"tool": "list_files", "is_public": False, "required_scopes": ["read"]}
    assert second.after == {"tool": "list_files", "is_public": True, "required_scopes": []}


def test_the_largest_manifest_fits(it: World) -> None:
    assert published(it, *(f"tool_{number}" for number in range(500)))["tools"] == 500


BAD: list[tuple[Any, int, str]] = [
    (b" ", 400, "JSON"),
    (b"[", 400, "JSON"),
    (b"\xff", 400, "UTF-8"),
    (b'{"tools": [{"name": "a\\u0000"}]}', 400, "NUL"),
    (b'{"tools": [{"name": "a", "input_schema": {"x": "\\ud800"}}]}', 400, "JSON"),
    (b'{"tools": [{"name": "a", "input_schema": {"x": NaN}}]}', 400, "NaN"),
    (b'{"tools": [{"name": "a", "input_schema": {"maximum": 1e999}}]}', 400, "large"),
    (b'{"tools": [], "tools": []}', 400, "twice"),
    (b'{"tools": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, "deep"),
    (b'{"tools": [' + b" " * 1_100_000 + b"]}", 413, "bytes"),
    ([], 422, "A list of tools is required."),
    ({}, 422, "A list of tools is required."),
    ({"tools": {}}, 422, "A list of tools is required."),
    ({"tools": [1]}, 422, "A tool is an object."),
    ({"tools": [{"name": f"t{n}"} for n in range(501)]}, 422, "At most 500 tools."),
    ({"tools": [{}]}, 422, "#/tools/0/name"),
    ({"tools": [{"name": 7}]}, 422, "#/tools/0/name"),
    ({"tools": [{"name": "a" * 129}]}, 422, "At most 128"),
    ({"tools": [{"name": "a\nb"}]}, 422, "control"),
    ({"tools": [{"name": ".."}]}, 422, "path"),
    ({"tools": [{"name": "files/./read"}]}, 422, "path"),
    ({"tools": [{"name": "a\u202eb"}]}, 422, "direction"),
    ({"tools": [{"name": "a"}, {"name": " a "}]}, 422, "twice"),
    ({"tools": [{"name": "a", "title": "x" * 201}]}, 422, "At most 200"),
    ({"tools": [{"name": "a", "description": "x" * 8_001}]}, 422, "At most 8000"),
    ({"tools": [{"name": "a", "description": []}]}, 422, "#/tools/0/description"),
    ({"tools": [{"name": "a", "input_schema": "x"}]}, 422, "An object."),
    ({"tools": [{"name": "a", "input_schema": {"x": "y" * 33_000}}]}, 422, "At most 32768"),
    ({"tools": [{"name": "a", "annotations": {"x": "y" * 5_000}}]}, 422, "At most 4096"),
    ({"tools": [{"name": "a", "suggested_scopes": "read"}]}, 422, "#/tools/0/suggested_scopes"),
    ({"tools": [{"name": "a", "suggested_scopes": ["two words"]}]}, 422, "RFC 6749"),
    ({"tools": [{"name": "a", "suggested_scopes": ["s"] * 21}]}, 422, "at most 20"),
]


@pytest.mark.parametrize(("body", "status", "told"), BAD)
def test_a_bad_manifest_is_refused_with_its_reason_and_changes_nothing(
    it: World, body: Any, status: int, told: str
) -> None:
    published(it, "list_files")
    answer = put(it, body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert told in answer.content.decode()
    with tenant_context(it.tenant.id):
        assert [tool.name for tool in Tool.objects.filter(ended_at=None)] == ["list_files"]


def test_words_lose_what_nobody_sees(it: World) -> None:
    published(
        it, {"name": "t", "title": "\u202eelit", "description": "one\u200b\ntwo\x07", "other": {"x": 1}}
    )
    with tenant_context(it.tenant.id):
        tool = Tool.objects.get()
        assert (tool.title, tool.description) == ("elit", "one\ntwo")


def test_a_manifest_that_is_no_json_by_its_type_is_refused(it: World) -> None:
    answer = Browser().put(
        f"{base(it)}/sdk-manifest", b"tools=", content_type="text/plain", headers=basic(*it.credential)
    )
    assert answer.status_code == 415


def test_publishing_without_end_is_slowed_down(it: World) -> None:
    answers = [put(it, {"tools": [{"name": f"t{n}"}]}).status_code for n in range(61)]
    assert (answers[59], answers[60]) == (200, 429)


def test_suggestions_are_accepted_as_the_operator_saw_them(it: World) -> None:
    published(it, LIST_FILES, {"name": "odd", "suggested_scopes": ["unknown"]}, "silent")
    seen = policy(it).json()["generation"]
    published(it, LIST_FILES | {"suggested_scopes": ["run"]}, {"name": "odd"}, "silent")
    facts: dict[str, Any] = {"tenant_id": it.tenant.id, "application_id": it.application.pk, "actor": SYSTEM}
    with pytest.raises(tools.ChangedMeanwhile):
        tools.accept_suggestions(**facts, generation=seen, now=timezone.now())
    seen = policy(it).json()["generation"]
    decided = tools.accept_suggestions(**facts, generation=seen, now=timezone.now())
    assert [(rule.tool_name, rule.required_scopes) for rule in decided] == [("list_files", ["run"])]
    with tenant_context(it.tenant.id):
        left = queries.undecided_tools(it.tenant.id, it.application.pk)
        assert sorted(tool.name for tool in left) == ["odd", "silent"]
