"""The demo is the worked example, loads twice to the same, and never outside development."""

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from authsec.audit.models import Event
from authsec.console.demo import crowd
from authsec.database.context import system_context, tenant_context
from authsec.secrets import same_secret
from authz.effective.explanation import explain
from authz.models import Application, Group, Role, ServiceAccount
from endusers.models import EndUser
from oauth.models import Client, ResourceCredential
from tenants.models import Identity, Membership

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(settings: Any, tmp_path: Path) -> Load:
    """Loads the demo and returns what it handed out."""
    settings.VAR = tmp_path

    def run(**options: Any) -> dict[str, Any]:
        call_command("demo", verbosity=0, **{"end_users": 40, **options})
        content: dict[str, Any] = json.loads((tmp_path / "demo.json").read_text())
        return content

    return run


def tenant(demo: dict[str, Any], slug: str) -> dict[str, Any]:
    return next(entry for entry in demo["tenants"] if entry["slug"] == slug)


def test_it_hands_out_what_interfaces_promise(load: Load, settings: Any, tmp_path: Path) -> None:
    demo = load()
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    assert demo["base_url"] == settings.PUBLIC_URL
    assert [user["key"] for user in demo["users"]] == [
        "olga",
        "adam",
        "alice",
        "carl",
        "rita",
        "alex",
        "dana",
    ]
    assert [user["key"] for user in demo["users"] if "totp_secret" in user] == ["alice"]
    assert {entry["slug"]: set(entry["users"]) for entry in demo["tenants"]} == {
        "acme-corp": {"olga", "adam", "alice", "carl", "rita", "alex"},
        "alex-tools": {"alex"},
        "data-tools-cloud": {"dana", "alex"},
    }
    assert {app["slug"]: app["resource_uri"] for app in demo["applications"]} == {
        "github-mcp": "http://localhost:9101/mcp",
        "deploy-mcp": "http://localhost:9102/mcp",
        "pdf-mcp": "http://localhost:9103/mcp",
        "tables-mcp": "http://localhost:9104/mcp",
    }
    assert {account["name"] for account in demo["service_accounts"]} == {"release-bot", "support-bot"}
    assert demo["clients"][0] == {
        "name": "AuthSec CLI",
        "client_id": "authsec-cli",
        "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
    }
    assert demo["clients"][1]["client_secret"]


def test_its_secrets_and_passwords_work(load: Load) -> None:
    demo = load()
    with system_context():
        for app in demo["applications"]:
            row = ResourceCredential.objects.get(credential_id=app["credential"]["id"])
            assert same_secret(app["credential"]["secret"], row.secret_digest)
        for entry in [*demo["clients"][1:], *demo["service_accounts"]]:
            client = Client.objects.get(client_id=entry["client_id"])
            assert check_password(entry["client_secret"], client.client_secret)
    olga = demo["users"][0]
    assert check_password(olga["password"], Identity.objects.get(pk=olga["identity_id"]).password)


def test_loading_it_again_changes_nothing(load: Load) -> None:
    demo = load()
    with system_context():
        before = Event.objects.count()
    assert load() == demo
    with system_context():
        assert Event.objects.count() == before


def test_it_loads_again_after_somebody_renamed_what_it_made(load: Load) -> None:
    first = load()
    acme = tenant(first, "acme-corp")["id"]
    with tenant_context(UUID(acme)):
        Application.objects.filter(tenant_id=acme, name="deploy-mcp").update(name="roll-outs")
        Role.objects.filter(tenant_id=acme, name="PR Reader").update(name="Reader")
        Group.objects.filter(tenant_id=acme, name="on-call").update(name="nights")
        ServiceAccount.objects.filter(tenant_id=acme, name="release-bot").update(name="robot")
    again = {entry["id"]: entry["slug"] for entry in load()["applications"]}
    assert again == {e["id"]: e["slug"].replace("deploy-mcp", "roll-outs") for e in first["applications"]}


def test_a_lost_handout_is_written_anew_with_secrets_that_work(load: Load, tmp_path: Path) -> None:
    demo = load()
    (tmp_path / "demo.json").write_text("{broken")
    again = load()
    assert again["tenants"] == demo["tenants"]
    assert again["service_accounts"] != demo["service_accounts"]
    test_its_secrets_and_passwords_work(load)


def test_who_is_who_is_the_worked_example(load: Load) -> None:
    demo = load()
    acme, tools = tenant(demo, "acme-corp"), tenant(demo, "alex-tools")
    with tenant_context(acme["id"]):
        types = dict(Membership.objects.filter(tenant_id=acme["id"]).values_list("user_id", "type"))
    names = {user_id: key for key, user_id in acme["users"].items()}
    assert {names[str(user)]: kind for user, kind in types.items()} == {
        "olga": "owner",
        "adam": "admin",
        "alice": "member",
        "carl": "contractor",
        "rita": "readonly_auditor",
        "alex": "contractor",
    }
    with tenant_context(tools["id"]):
        assert Membership.objects.filter(tenant_id=tools["id"]).count() == 1


@pytest.mark.parametrize(
    ("who", "second_factor", "expected"),
    [
        (
            "alice",
            True,
            {"github-mcp": ("pr:read", "pr:write"), "deploy-mcp": ("deploy:run", "deploy:status")},
        ),
        ("alice", False, {"github-mcp": ("pr:read", "pr:write")}),
        ("carl", True, {"deploy-mcp": ("deploy:run", "deploy:status")}),
        ("carl", False, {}),
        ("rita", True, {}),
    ],
)
def test_access_is_what_the_worked_example_says(
    who: str, second_factor: bool, expected: dict[str, tuple[str, ...]], load: Load
) -> None:
    demo = load()
    acme, now = tenant(demo, "acme-corp"), timezone.now()
    names = {app["id"]: app["slug"] for app in demo["applications"]}
    from uuid import UUID

    with tenant_context(acme["id"]):
        said = explain(
            tenant_id=UUID(acme["id"]),
            subject_kind="user",
            subject_id=UUID(acme["users"][who]),
            at=now,
            mfa_at=now if second_factor else None,
            ip=None,
        )
    assert said is not None
    assert {names[str(app)]: tuple(scopes) for app, scopes in said.effective.items()} == expected
    if who == "alice":
        auditor = next(item for item in said.items if item.role_name == "Auditor")
        assert (auditor.source, auditor.application_id) == ("direct", None)
        assert auditor.expires_at is not None
        assert timedelta(days=6) < auditor.expires_at - now <= timedelta(days=7)


def test_the_crowd_grows_to_the_number_asked_for_and_never_shrinks(load: Load) -> None:
    demo = load(end_users=30)
    tools = tenant(demo, "alex-tools")["id"]

    def people() -> dict[Any, str]:
        with tenant_context(tools):
            rows = EndUser.objects.filter(tenant_id=tools)
            return dict(rows.values_list("user__profiles__email", "status"))

    thirty = people()
    assert len(thirty) == 30
    load(end_users=700)
    crowd = people()
    assert len(crowd) == 700
    assert thirty.items() <= crowd.items()
    suspended = [email for email, status in crowd.items() if status == "suspended"]
    assert 1 <= len(suspended) <= 30
    with tenant_context(tools):
        events = Event.objects.filter(tenant_id=tools, action="end_user.suspended")
        assert events.count() == len(suspended)
        assert all(event.reason for event in events)
        seen = EndUser.objects.filter(tenant_id=tools, last_seen_at__gt=timezone.now())
        assert not seen.exists()
    load(end_users=10)
    assert len(people()) == 700


def test_it_refuses_to_load_outside_of_development(settings: Any) -> None:
    settings.DEVELOPMENT = False
    with pytest.raises(CommandError, match="development only"):
        call_command("demo")


def test_a_large_crowd_leaves_indexes_and_references_as_they_were(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    def catalogue() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "select conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferred, convalidated"
                " from pg_constraint order by 1, 2"
            )
            constraints = cursor.fetchall()
            cursor.execute("select indexname, indexdef from pg_indexes order by 1")
            return [*constraints, *cursor.fetchall()]

    load()
    before = catalogue()
    monkeypatch.setattr(crowd, "MANY", 10)
    demo = load(end_users=60)
    assert catalogue() == before
    with tenant_context(UUID(tenant(demo, "alex-tools")["id"])):
        assert EndUser.objects.count() == 60
