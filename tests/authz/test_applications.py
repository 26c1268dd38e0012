"""Registering what is protected: resource URIs, proof, scopes and their history."""

from typing import Any

import pytest

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import applications
from authz.models import Application, Scope
from authz.refusals import Refused
from authz.resource_uri import canonical, is_loopback, problem_of
from authz.scope_changes import set_scopes
from authz.scopes import ScopeSpec
from tests.authz.cast import NOW, World, world


@pytest.mark.parametrize(
    ("written", "one_spelling"),
    [
        ("https://Deploy.Example/MCP", "https://deploy.example/MCP"),
        ("HTTPS://deploy.example:443/mcp", "https://deploy.example/mcp"),
        ("http://localhost:9102/mcp", "http://localhost:9102/mcp"),
        ("http://localhost:80/mcp/", "http://localhost/mcp/"),
        ("https://deploy.example/", "https://deploy.example"),
        ("https://deploy.example./mcp?team=a", "https://deploy.example/mcp?team=a"),
        ("https://[2001:DB8::1]:8443/mcp", "https://[2001:db8::1]:8443/mcp"),
    ],
)
def test_a_resource_uri_has_one_spelling(written: str, one_spelling: str) -> None:
    assert problem_of(written) == ""
    assert canonical(written) == one_spelling
    assert canonical(one_spelling) == one_spelling


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "mcp",
        "//deploy.example/mcp",
        "https:///mcp",
        "https://deploy.example/mcp#top",
        "https://deploy.example/mcp#",
        "https://adam:secret@deploy.example/mcp",
        "https://deploy.example:port/mcp",
        "https://deploy.example:70000/mcp",
        "https://deploy example/mcp",
        "https://deploy.example/%zz",
        "https://dépl.example/",
        "https://deploy.example/a/../b",
        "https://deploy.example/\x00",
        "https://deploy.example/\n",
        "https://[::1/mcp",
        "https://-.example/",
        "ftp://deploy.example/mcp",
        "javascript:alert(1)",
        "https://deploy.example/" + "x" * 500,
    ],
)
def test_what_is_no_absolute_uri_without_fragment_is_said_to_be_none(uri: str) -> None:
    assert problem_of(uri)


def test_only_loopback_may_be_plain_http_in_production(settings: Any) -> None:
    settings.DEVELOPMENT = False
    assert problem_of("http://deploy.example/mcp")
    assert problem_of("http://127.0.0.1:9102/mcp") == ""


def test_this_server_itself_is_not_registered(settings: Any) -> None:
    assert problem_of(settings.API_RESOURCE)
    assert problem_of(f"{settings.ISSUER}/")


@pytest.mark.parametrize("uri", ["http://localhost:1/x", "http://127.8.0.1/", "http://[::1]:9/"])
def test_this_machine_is_loopback(uri: str) -> None:
    assert is_loopback(uri)
    assert not is_loopback("http://localhost.example.com/")


@pytest.fixture
def acme(db: None) -> World:
    return world()


def test_loopback_is_verified_at_once_in_development_and_the_rest_waits(acme: World) -> None:
    assert acme.application("here", resource_uri="http://localhost:9444/mcp").verified_at == NOW
    assert acme.application("there").verified_at is None


def test_whoever_proved_an_address_keeps_it_and_the_second_waits_without_being_told_whose(
    acme: World,
) -> None:
    first = acme.application("one", resource_uri="http://localhost:9445/mcp")
    second = world("other").application("two", resource_uri="http://localhost:9445/mcp")
    assert first.verified_at is not None
    assert second.verified_at is None


def test_a_name_and_an_address_are_taken_once_until_archived(acme: World) -> None:
    first = acme.application("docs-mcp")
    with pytest.raises(Refused) as refusal:
        acme.application("docs-mcp", resource_uri="https://elsewhere.example")
    assert set(refusal.value.errors) == {"name"}
    with pytest.raises(Refused) as refusal:
        acme.application("other", resource_uri="https://docs-mcp.example.test/mcp")
    assert set(refusal.value.errors) == {"resource_uri"}
    applications.archive(tenant_id=acme.id, application_id=first.pk, actor=SYSTEM, now=NOW)
    assert acme.application("docs-mcp").pk != first.pk


def test_a_scope_that_goes_and_comes_back_keeps_its_history(acme: World) -> None:
    app = acme.application("docs-mcp", "docs:read", "docs:write")

    def declare(*specs: ScopeSpec) -> None:
        set_scopes(tenant_id=acme.id, application_id=app.pk, scopes=specs, actor=SYSTEM, now=NOW)

    declare(ScopeSpec("docs:read", "Read documents", "low", True))
    declare(ScopeSpec("docs:read", "Read documents", "low", True))
    declare(ScopeSpec("docs:read", "Read documents", "low", True), ScopeSpec("docs:write"))
    with tenant_context(acme.id):
        assert Scope.objects.filter(application=app, name="docs:write").count() == 2
        assert Scope.objects.filter(application=app, ended_at=None).count() == 2
        assert Scope.objects.get(application=app, name="docs:read").is_default
        assert Event.objects.filter(action="application.scopes_changed").count() == 2


def test_a_new_address_has_to_be_proved_again(acme: World) -> None:
    app = acme.application("docs-mcp", resource_uri="http://localhost:9446/mcp")
    update = {"tenant_id": acme.id, "application_id": app.pk, "actor": SYSTEM, "now": NOW}
    assert applications.update(**update, name="docs").verified_at == NOW
    moved = applications.update(**update, resource_uri="https://docs.example/mcp")
    assert moved.verified_at is None
    with tenant_context(acme.id):
        assert Application.objects.get(pk=app.pk).resource_uri == "https://docs.example/mcp"
        event = Event.objects.filter(action="application.updated").latest("id")
    assert event.before == {"resource_uri": "http://localhost:9446/mcp"}


def test_disabling_twice_is_written_once(acme: World) -> None:
    app = acme.application("docs-mcp")
    for _ in range(2):
        applications.disable(tenant_id=acme.id, application_id=app.pk, actor=SYSTEM, now=NOW)
    with tenant_context(acme.id):
        assert Event.objects.filter(action="application.disabled").count() == 1
