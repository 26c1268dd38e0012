"""The tools of an Application, as operators meet them: the page, the API, and which a person can call."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import tool_publication, tools
from authz.models import Scope, Tool, ToolRule
from authz.tool_manifest import ToolSpec
from endusers import operations as endusers
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.forms import form_with
from tests.statements import statements

pytestmark = pytest.mark.django_db
ACCESS = "/t/acme-corp/authz/effective-access/"


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def here(application: Any) -> str:
    return f"/t/acme-corp/applications/{application.pk}/tools/"


def publish(acme: SimpleNamespace, application: Any, **suggested: tuple[str, ...]) -> None:
    tool_publication.publish(
        tenant_id=acme.id,
        application_id=application.pk,
        tools=[ToolSpec(name, suggested_scopes=scopes) for name, scopes in suggested.items()],
        credential_id="rc",
        actor=SYSTEM,
        now=timezone.now(),
    )


def decide(acme: SimpleNamespace, application: Any, tool: str, *scopes: str, public: bool = False) -> None:
    tools.decide(
        tenant_id=acme.id,
        application_id=application.pk,
        tool_name=tool,
        is_public=public,
        required_scopes=scopes,
        actor=SYSTEM,
        now=timezone.now(),
    )


def rule(acme: SimpleNamespace, name: str) -> tuple[bool, list[str]] | None:
    with tenant_context(acme.id):
        row = ToolRule.objects.filter(tool_name=name, ended_at=None).first()
        return (row.is_public, row.required_scopes) if row else None


def tool_url(acme: SimpleNamespace, application: Any, name: str) -> str:
    with tenant_context(acme.id):
        return f"{here(application)}{Tool.objects.get(name=name, ended_at=None).pk}/"


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def test_an_application_without_tools_says_how_to_publish(acme: SimpleNamespace, adam: Client) -> None:
    page = words(adam.get(here(acme.deploy)))
    assert "No tools are published" in page
    assert f"/authsec/resource-servers/{acme.deploy.pk}/sdk-manifest" in page
    assert "until you decide about a tool, nobody may call it" in page


def test_an_operator_decides_who_may_call_a_tool(acme: SimpleNamespace, adam: Client) -> None:
    publish(acme, acme.deploy, roll_out=("deploy:run",), status=())
    page = words(adam.get(here(acme.deploy)))
    assert "2 undecided" in page
    url = tool_url(acme, acme.deploy, "roll_out")
    form = adam.get(url)
    # What the server suggests is said beside the scope and ticked for nobody.
    assert b'name="who"' in form.content
    assert not re.search(r'name="(who|scopes)"[^>]*checked', form.content.decode())
    assert "suggested by the server" in words(form)
    assert adam.post(url, {"who": "scopes", "scopes": ["deploy:run"]}).status_code == 302
    assert rule(acme, "roll_out") == (False, ["deploy:run"])
    assert adam.post(url, {"who": "public", "scopes": ["deploy:run"]}).status_code == 302
    assert rule(acme, "roll_out") == (True, [])
    assert adam.post(url, {"who": "nobody"}).status_code == 302
    assert rule(acme, "roll_out") == (False, [])
    assert rule(acme, "status") is None


@pytest.mark.parametrize(
    "bad",
    [{}, {"who": "scopes"}, {"who": "scopes", "scopes": ["pr:read"]}, {"who": "everybody"}, {"who": "\x00"}],
)
def test_a_decision_that_says_nothing_clear_is_asked_again(
    acme: SimpleNamespace, adam: Client, bad: dict[str, Any]
) -> None:
    publish(acme, acme.deploy, roll_out=("deploy:run",))
    assert adam.post(tool_url(acme, acme.deploy, "roll_out"), bad).status_code == 422
    assert rule(acme, "roll_out") is None


def test_suggestions_are_accepted_for_what_was_shown(acme: SimpleNamespace, adam: Client) -> None:
    publish(acme, acme.deploy, roll_out=("deploy:run",), odd=("unknown",))
    url = f"{here(acme.deploy)}accept/"
    shown = form_with(adam.get(url).content.decode(), "generation").filled()
    publish(acme, acme.deploy, roll_out=("deploy:run",), odd=("deploy:read",))
    late = adam.post(url, shown)
    assert late.status_code == 409
    assert rule(acme, "odd") is None
    again = form_with(late.content.decode(), "generation").filled()
    assert adam.post(url, again).status_code == 302
    assert rule(acme, "odd") == (False, ["deploy:read"])
    assert adam.post(url, {"generation": "x"}).status_code == 422


def test_a_tool_of_another_application_is_not_found(acme: SimpleNamespace, adam: Client) -> None:
    publish(acme, acme.deploy, roll_out=())
    url = tool_url(acme, acme.deploy, "roll_out").replace(str(acme.deploy.pk), str(acme.github.pk))
    assert adam.get(url).status_code == 404
    assert adam.post(url, {"who": "public"}).status_code == 404


def test_the_page_takes_the_same_statements_whatever_the_number_of_tools(
    acme: SimpleNamespace, adam: Client
) -> None:
    publish(acme, acme.deploy, **{f"tool_{n}": ("deploy:run",) for n in range(60)})
    adam.get(here(acme.deploy))
    with statements() as sent:
        page = adam.get(here(acme.deploy))
    assert page.status_code == 200
    assert len(sent) == 10, sent
    assert "tool_59" not in words(page)  # sorted by name, fifty a page
    assert 'rel="next"' in page.content.decode() or "cursor=" in page.content.decode()


@pytest.fixture
def tooled(acme: SimpleNamespace) -> SimpleNamespace:
    """Tools of both Applications, decided in every way that there is."""
    publish(acme, acme.deploy, roll_out=(), status=(), ping=(), fresh=("deploy:run",), shut=())
    decide(acme, acme.deploy, "roll_out", "deploy:run")
    decide(acme, acme.deploy, "status", "deploy:read")
    decide(acme, acme.deploy, "ping", public=True)
    decide(acme, acme.deploy, "shut")
    publish(acme, acme.github, list=(), merge=())
    decide(acme, acme.github, "list", "pr:read", "pr:write")
    with tenant_context(acme.id):
        gone = Scope.objects.create(tenant=acme.tenant, application=acme.github, name="pr:merge")
    decide(acme, acme.github, "merge", "pr:merge")
    with tenant_context(acme.id):
        Scope.objects.filter(pk=gone.pk).update(ended_at=timezone.now())
    return acme


def test_effective_access_says_which_tools_a_person_can_call_and_why_not(
    tooled: SimpleNamespace, adam: Client
) -> None:
    said = words(adam.get(ACCESS, {"user": "alice@acme.example"}))
    assert "Tools (0 of 5) · 2 after MFA" in said  # nothing but a public one and that of deploy:run
    assert "status deploy:read No no binding gives deploy:read" in said
    assert "fresh — No nobody decided yet who may call it" in said
    assert "shut — No nobody may call it" in said
    assert "Tools (1 of 2)" in said
    assert "merge pr:merge No github-mcp no longer understands pr:merge" in said
    fresh = words(adam.get(ACCESS, {"user": "alice@acme.example", "mfa": "fresh"}))
    assert "Tools (2 of 5)" in fresh
    asked = words(adam.get(ACCESS, {"user": "alice@acme.example", "mfa": "fresh", "requested": "pr:write"}))
    assert "roll_out deploy:run No the client did not ask for deploy:run" in asked


def test_whoever_does_not_stand_can_call_nothing(tooled: SimpleNamespace, adam: Client) -> None:
    with tenant_context(tooled.id):
        endusers.suspend(
            tenant_id=tooled.id, user_id=tooled.ed.user_id, reason="x", actor=SYSTEM, now=tooled.now
        )
    said = words(adam.get(ACCESS, {"user": str(tooled.ed.user_id)}))
    assert "Tools (0 of 2)" in said
    assert "does not stand" in said


def test_the_api_tells_the_same(tooled: SimpleNamespace) -> None:
    api = Api(token_of(tooled.adam), tooled.tenant)
    path = f"/uflow/v2/users/{tooled.alice.pk}/effective-access"
    told = api.get(path).json()["tools"]
    states = {tool["name"]: tool["state"] for tool in told[str(tooled.deploy.pk)]}
    assert states == {
        "roll_out": "pending_step_up",
        "ping": "pending_step_up",
        "status": "not_granted",
        "fresh": "not_granted",
        "shut": "not_granted",
    }
    narrowed = api.get(f"{path}?application={tooled.github.pk}&mfa=true").json()["tools"]
    assert {key: [tool["state"] for tool in tools] for key, tools in narrowed.items()} == {
        str(tooled.github.pk): ["active", "not_granted"]
    }


def test_the_api_lists_tools_and_decides(tooled: SimpleNamespace) -> None:
    api = Api(token_of(tooled.adam), tooled.tenant)
    path = f"/uflow/v2/applications/{tooled.deploy.pk}/tools"
    listed = api.get(path).json()
    assert (listed["count"], {tool["name"] for tool in listed["items"]}) == (
        5,
        {"roll_out", "status", "ping", "fresh", "shut"},
    )

    def patch(name: str, body: Any) -> Any:
        return api("PATCH", f"{path}/{name}", body)

    one = patch("fresh", {"required_scopes": ["deploy:run", "deploy:read"]})
    assert one.status_code == 200, one.content
    assert one.json()["required_scopes"] == ["deploy:read", "deploy:run"]
    assert one.json()["decided_by"] == str(tooled.adam.pk)
    for body in (
        {"is_public": True, "required_scopes": ["deploy:run"]},
        {"required_scopes": ["pr:read"]},
        {"required_scopes": [""]},
        {"is_public": "perhaps"},
        {"name": "other"},
    ):
        assert problem(patch("fresh", body)) == (422, "invalid"), body
    assert problem(patch("none", {"is_public": True})) == (404, "not-found")
    assert rule(tooled, "fresh") == (False, ["deploy:read", "deploy:run"])
