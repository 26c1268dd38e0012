"""Who used an Application: people, clients and scopes, from what introspection noted of tokens."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.database.context import tenant_context
from authsec.jobs.runner import run
from authsec.secrets import digest
from oauth.introspection import STATEMENT
from oauth.models import AccessToken, Decision
from oauth.usage.activity import NOTED_EVERY_S, USES, Uses
from tests import cast
from tests.console.api import token_of
from tests.oauth.world import ED, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def it() -> World:
    return world()


def introspected(it: World, token: str) -> None:
    """What the endpoint's process does: ask, and write down later which token it was."""
    from django.db import connection

    with connection.cursor() as cursor:
        key, secret = it.credential
        cursor.execute(STATEMENT, [key, digest(secret), digest(token), None, "https://issuer"])
        answer, tenant, _application, _why, used, *_ = cursor.fetchone()
        assert answer is not None
        uses = Uses()
        uses.add(used, tenant, timezone.now().timestamp())
        [(_token, (_tenant, first, last))] = uses.due(timezone.now().timestamp(), everything=False).items()
        cursor.execute(
            USES.replace("%s::timestamptz[]", "array[to_timestamp(%s)]"), [[tenant], [used], first, last]
        )


def told(it: World, **asked: str) -> tuple[int, dict]:
    headers = {
        "Authorization": f"Bearer {token_of(cast.owner_of(it.tenant))}",
        "X-Tenant-ID": str(it.tenant.id),
    }
    answer = Browser().get(f"/uflow/v2/applications/{it.application.id}/usage", asked, headers=headers)
    return answer.status_code, answer.json()


def test_who_used_it_is_told_with_client_and_scopes(it: World) -> None:
    used = it.tokens(it.signed_in(ED), scope="read write")
    it.tokens(it.signed_in("ann@consumer.example"), scope="read")
    introspected(it, used["access_token"])
    status, body = told(it)
    assert (status, body["count"], body["tokens"], body["complete"]) == (200, 2, 2, True)
    by_name = {one["email"]: one for one in body["items"]}
    assert by_name[ED]["client_name"] == "Claude Code"
    assert by_name[ED]["scopes"] == ["read", "write"]
    assert (by_name[ED]["tokens"], by_name[ED]["used_tokens"]) == (1, 1)
    assert by_name["ann@consumer.example"]["used_tokens"] == 0
    assert by_name["ann@consumer.example"]["scopes"] == []
    # Revoked and deleted tokens stay in it: the decision outlives them.
    with tenant_context(it.tenant.id):
        AccessToken.objects.all().delete()
    assert told(it)[1] == body


def test_a_night_holds_what_was_used_in_it_and_nothing_else(it: World) -> None:
    token = it.tokens(it.signed_in(ED), scope="read")["access_token"]
    introspected(it, token)
    night = timezone.now() - timedelta(days=1)
    with tenant_context(it.tenant.id):
        # Given a minute before the night begins, used in it.
        Decision.objects.update(
            at=night - timedelta(minutes=1),
            first_used_at=night - timedelta(seconds=30),
            last_used_at=night + timedelta(seconds=30),
        )
    during = {"from": night.isoformat(), "to": (night + timedelta(hours=1)).isoformat()}
    [one] = told(it, **during)[1]["items"]
    assert one["used_tokens"] == 1
    assert one["first_at"] == during["from"].replace("+00:00", "Z")
    after = {"from": (night + timedelta(minutes=5)).isoformat(), "to": timezone.now().isoformat()}
    assert told(it, **after)[1]["items"] == []


def test_pages_go_on_behind_each_other(it: World) -> None:
    for number in range(3):
        it.tokens(it.signed_in(f"p{number}@consumer.example"), scope="read")
    _, first = told(it, limit="2")
    _, second = told(it, limit="2", cursor=first["next"])
    people = [one["email"] for one in first["items"] + second["items"]]
    assert people == ["p2@consumer.example", "p1@consumer.example", "p0@consumer.example"]
    assert second["next"] is None
    assert (
        told(it, cursor="x")[0]
        == told(it, to="2020-01-01T00:00:00Z", **{"from": "2021-01-01T00:00:00Z"})[0]
        == 400
    )


def test_the_page_has_last_night_and_a_file(it: World) -> None:
    introspected(it, it.tokens(it.signed_in(ED), scope="read")["access_token"])
    owner = cast.signed_in(cast.owner_of(it.tenant))
    url = f"/t/acme-corp/applications/{it.application.id}/usage/"
    assert owner.get(f"{url}?period=night").status_code == 200
    assert ED in owner.get(f"{url}?period=day").content.decode()
    assert owner.get(f"{url}?from=2026-01-02T00:00&to=2026-01-01T00:00").status_code == 422
    started = owner.post(f"{url}export/?period=week")
    job_id = started["Location"].rstrip("/").rpartition("/")[2]
    at_rest = SimpleNamespace(should_abort=lambda: False)
    run.func(at_rest, tenant_id=str(it.tenant.id), job_id=job_id)
    answer = owner.get(f"/t/acme-corp/jobs/{job_id}/result/")
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert (row["email"], row["granted"], row["used"]) == (ED, "read", "True")


def test_who_may_see_tokens_of_one_application_has_the_file_of_that_one(it: World) -> None:
    introspected(it, it.tokens(it.signed_in(ED), scope="read")["access_token"])
    other = cast.application(it.tenant, "github-mcp", ["pr:read"], uri="http://localhost:9102/mcp")
    role = cast.role(it.tenant, "Watcher", console=["apps:read", "tokens:read"])
    for email, place in (("wes@acme.example", it.application), ("val@acme.example", other)):
        cast.bind(it.tenant, role, cast.member(it.tenant, email, "contractor"), place)
    watcher, next_door = (cast.signed_in(cast.person(f"{name}@acme.example")) for name in ("wes", "val"))
    url = f"/t/acme-corp/applications/{it.application.id}/usage/"
    assert next_door.post(f"{url}export/?period=week").status_code == 403
    assert ED in watcher.get(f"{url}?period=day").text
    started = watcher.post(f"{url}export/?period=week")
    job_id = started["Location"].rstrip("/").rpartition("/")[2]
    run.func(SimpleNamespace(should_abort=lambda: False), tenant_id=str(it.tenant.id), job_id=job_id)
    assert f"{job_id}/result/" in watcher.get(started["Location"]).text
    result = f"/t/acme-corp/jobs/{job_id}/result/"
    assert ED in b"".join(watcher.get(result).streaming_content).decode()
    assert next_door.get(started["Location"]).status_code == 403
    assert next_door.get(result).status_code == 403


def test_a_token_in_use_is_written_down_once_a_minute() -> None:
    uses, token, tenant = Uses(), timezone.now(), object()
    for at in (100.0, 101.0, 102.0):
        uses.add(token, tenant, at)
    assert uses.due(102.0, everything=False) == {token: (tenant, 100.0, 102.0)}
    uses.add(token, tenant, 110.0)
    assert uses.due(111.0, everything=False) == {}
    uses.add(token, tenant, 120.0)
    taken = uses.due(102.0 + NOTED_EVERY_S, everything=False)
    assert taken == {token: (tenant, 110.0, 120.0)}
    uses.put_back(taken)
    assert uses.due(163.0, everything=True) == taken
