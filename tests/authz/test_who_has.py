"""Who has something, as pages, files and the API tell it."""

import csv
import io
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs.runner import run
from authsec.web.pagination import Count
from authz.effective.wanted import Wanted
from authz.effective.who_has import AsIf, Narrowed, count, who_has
from tests import cast
from tests.console.api import token_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
PAGE = "/t/acme-corp/authz/effective-access/who-has/"
API = "/uflow/v2/who-has"


def told(acme: SimpleNamespace, **asked: str) -> tuple[int, dict]:
    answer = Client().get(
        API,
        asked,
        headers={"Authorization": f"Bearer {token_of(acme.adam)}", "X-Tenant-ID": str(acme.id)},
    )
    return answer.status_code, answer.json()


def names(body: dict) -> dict[str, str]:
    return {one["name"]: one["state"] for one in body["items"]}


def test_the_page_says_who_can_deploy_how_and_after_what(acme: SimpleNamespace) -> None:
    adam = cast.signed_in(acme.adam)
    url = f"{PAGE}?application={acme.deploy.id}&scope=deploy:run"
    page = adam.get(url).content.decode()
    assert "Who has <code>deploy:run</code> on deploy-mcp" in page
    assert "Alice Moreau" in page
    assert "Carl Jensen" in page
    assert "Ed Okafor" not in page
    assert page.count("after a second factor</span>") == 2
    assert f"/authz/groups/{acme.oncall.id}/" in page
    assert "MFA within 30 days" in page
    now = adam.get(f"{url}&mfa=fresh").content.decode()
    assert "after a second factor</span>" not in now
    assert "has it now</span>" in now
    assert adam.get(f"{url}&state=active").content.decode().count("Alice Moreau") == 0


def test_the_api_answers_scopes_permissions_roles_and_groups(acme: SimpleNamespace) -> None:
    _, body = told(acme, application=str(acme.github.id), scope="pr:read")
    assert names(body) == {"Alice Moreau": "active", "Ed Okafor": "active"}
    assert body["count"] == 2
    assert body["next"] is None
    assert body["count_is_estimate"] is False
    [alice] = [one for one in body["items"] if one["name"] == "Alice Moreau"]
    [path] = alice["paths"]
    assert (path["source"], path["source_name"], path["role_name"]) == ("group", "engineering", "PR Writer")
    _, body = told(acme, permission="audit:read")
    assert {"Alice Moreau", "Rita Book", "Adam Lindqvist"} <= set(names(body))
    assert "Carl Jensen" not in names(body)
    _, body = told(acme, role=str(acme.operator.id))
    assert names(body) == {"Alice Moreau": "pending_step_up", "Carl Jensen": "pending_step_up"}
    _, body = told(acme, group=str(acme.engineering.id), mfa="true")
    assert names(body) == {"Alice Moreau": "active"}
    _, body = told(acme, application=str(acme.github.id), scope="pr:read", source="plan", q="okaf")
    assert names(body) == {"Ed Okafor": "active"}


def test_what_cannot_be_asked_is_refused_by_name(acme: SimpleNamespace) -> None:
    other = cast.open_tenant("globex", "gus@globex.example")
    theirs = cast.application(other, "theirs", ["read"])
    assert told(acme)[0] == 400
    assert told(acme, scope="pr:read")[1]["errors"][0]["parameter"] == "application"
    assert told(acme, permission="nothing:here")[1]["errors"][0]["parameter"] == "permission"
    assert told(acme, permission="audit:read", role=str(acme.writer.id))[0] == 400
    assert told(acme, application=str(acme.github.id), state="ended")[0] == 400
    assert told(acme, application=str(acme.github.id), cursor="no")[0] == 400
    assert told(acme, application=str(theirs.id))[0] == 404
    adam = cast.signed_in(acme.adam)
    assert adam.get(f"{PAGE}?application={theirs.id}&scope=read").status_code == 422
    assert adam.get(f"{PAGE}?application=%00&q=%00").status_code == 422


def test_a_page_of_many_people_is_read_in_few_statements(acme: SimpleNamespace) -> None:
    with tenant_context(acme.id):
        wanted = Wanted(application_id=acme.github.id, scope="pr:read")

        def ask() -> int:
            with statements() as sent:
                who_has(tenant_id=acme.id, wanted=wanted, as_if=AsIf(acme.now), narrowed=Narrowed(), limit=50)
            return len(sent)

        before = ask()
    for number in range(12):
        cast.end_user(acme.tenant, f"more{number}@consumer.example")
    with tenant_context(acme.id):
        assert ask() == before == 4


def test_a_long_list_is_counted_behind_its_page(acme: SimpleNamespace) -> None:
    asked = {
        "tenant_id": acme.id,
        "wanted": Wanted(application_id=acme.deploy.id, scope="deploy:run"),
        "as_if": AsIf(timezone.now()),
        "narrowed": Narrowed(),
    }
    with tenant_context(acme.id), statements() as sent:
        page = who_has(**asked, limit=1, counted=False)
        assert str(page.count) == "over 1"
        assert not any("who_has_candidates" in sql for sql in sent)
        assert who_has(**asked, limit=1).count == count(**asked) == Count(2)
    url = f"{PAGE}?application={acme.deploy.id}&scope=deploy:run&count=all"
    number = cast.signed_in(acme.adam).get(url, headers={"HX-Request": "true"})
    assert number.content.decode().strip() == '<span class="count">2</span>'


def test_the_file_holds_exactly_whom_the_page_shows_and_is_audited(acme: SimpleNamespace) -> None:
    adam = cast.signed_in(acme.adam)
    url = f"{PAGE}export/?application={acme.github.id}&scope=pr:read&source=plan"
    started = adam.post(url)
    assert started.status_code == 302
    job_id = started["Location"].rstrip("/").rpartition("/")[2]
    at_rest = SimpleNamespace(should_abort=lambda: False)
    run.func(at_rest, tenant_id=str(acme.id), job_id=job_id)
    answer = adam.get(f"/t/acme-corp/jobs/{job_id}/result/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["name"], row["state"], row["source_name"]) for row in rows] == [
        ("Ed Okafor", "active", "Free")
    ]
    with tenant_context(acme.id):
        actions = list(Event.objects.filter(action__startswith="who_has").values_list("action", flat=True))
    assert sorted(actions) == ["who_has.downloaded", "who_has.exported"]
    assert cast.signed_in(acme.carl).get(f"/t/acme-corp/jobs/{job_id}/result/").status_code == 403
