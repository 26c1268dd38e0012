"""The page and panel of what if: the question, the answer in words, the way to the real verb."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from authsec.database.context import tenant_context
from authsec.jobs.models import Job
from authz.models import Group
from tests import cast
from tests.authz.conftest import acme as acme  # the worked example's fixture

pytestmark = pytest.mark.django_db
PAGE = "/t/acme-corp/authz/effective-access/what-if/"


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


@pytest.fixture
def adam(acme: Any) -> Client:
    return cast.signed_in(acme.adam)


def test_leaving_a_group_is_answered_at_once_with_the_first_group_chosen(acme: Any, adam: Client) -> None:
    page = adam.get(PAGE, {"user": str(acme.alice.id), "kind": "remove_from_group", "was": ""})
    said = words(page)
    assert "Alice would lose 2 scopes now, and gain none." in said
    assert "active → none. Nothing else gives it." in said
    assert "Nothing has been changed." in said
    link = f"/t/acme-corp/authz/groups/{acme.engineering.pk}/members/{acme.alice.id}/remove/"
    assert link in page.content.decode()


def test_htmx_gets_the_panel_alone_and_the_strip_counts(acme: Any, adam: Client) -> None:
    asked = {"user": str(acme.alice.id), "kind": "archive_group", "object": str(acme.oncall.pk)}
    panel = adam.get(PAGE, asked | {"mfa": "fresh"}, headers={"HX-Request": "true"})
    assert "<html" not in panel.content.decode()
    assert "Alice would lose 1 scope now" in words(panel)
    assert "active → none" in words(panel)
    assert "1 other touched" in words(panel)
    assert "needs step-up → none" in words(adam.get(PAGE, asked))


def test_without_a_subject_it_says_who_is_touched(acme: Any, adam: Client) -> None:
    said = words(adam.get(PAGE, {"kind": "archive_group", "object": str(acme.oncall.pk)}))
    assert "2 people lose deploy:run (deploy-mcp)." in said
    assert "Who is touched: 2" in said
    assert "Carl Jensen" in said


def test_a_change_may_come_as_json_from_another_page(acme: Any, adam: Client) -> None:
    change = json.dumps({"kind": "end_binding", "binding_id": str(acme.runs.pk)})
    page = adam.get(f"{PAGE}?change={quote(change)}")
    assert "End the binding Deploy Operator for on-call" in words(page)
    broken = adam.get(PAGE, {"change": '{"kind": "make_coffee"}'})
    assert broken.status_code == 422
    tokens = adam.get(f"{PAGE}?tokens=1&change={quote(change)}", headers={"HX-Request": "true"})
    assert words(tokens).strip().startswith("Live tokens that carry what is lost0")


def test_what_may_not_be_done_is_said(acme: Any) -> None:
    rita = cast.signed_in(acme.rita)
    said = words(rita.get(PAGE, {"user": str(acme.alice.id), "kind": "suspend_member"}))
    assert "You may not: None of your roles gives team:update." in said
    assert cast.signed_in(acme.carl).get(PAGE).status_code == 403


def test_a_large_group_is_worked_out_by_a_job(
    acme: Any, adam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authz.what_if.simulate.INLINE", 1)
    page = adam.get(
        PAGE, {"user": str(acme.alice.id), "kind": "archive_group", "object": str(acme.oncall.pk)}
    )
    assert "This reaches 2 people." in words(page)
    assert "Alice would lose 1 scope now" in words(page)
    change = json.dumps({"kind": "archive_group", "group_id": str(acme.oncall.pk)})
    answer = adam.post(f"{PAGE}all/", {"change": change})
    assert answer.status_code == 302
    with tenant_context(acme.id):
        assert Job.objects.get().params["change"] == json.loads(change)
        assert Group.objects.get(pk=acme.oncall.pk).ended_at is None
    assert "Archive the group on-call" in words(adam.get(answer.url))


def test_other_terms_of_a_binding_are_tried_one_at_a_time(acme: Any, adam: Client) -> None:
    asked = {
        "user": str(acme.alice.id),
        "kind": "change_binding",
        "object": str(acme.runs.pk),
        "mfa": "fresh",
    }
    page = adam.get(PAGE, asked | {"place": "4h", "at": later(hours=5)})
    assert "Alice would lose 1 scope" in words(page)
    assert f"/t/acme-corp/authz/bindings/{acme.runs.pk}/change/" in page.content.decode()
    said = words(adam.get(PAGE, asked | {"place": "here", "ip": "198.51.100.24"}))
    assert "only from 198.51.100.24" in said
    assert "neither lose nor gain" in said
    eased = words(adam.get(PAGE, asked | {"place": "no_mfa", "mfa": "none"}))
    assert "needs step-up → active" in eased
    with tenant_context(acme.id):
        assert acme.runs.requires_mfa
        assert not acme.runs.__class__.objects.get(pk=acme.runs.pk).expires_at


def test_another_member_type_is_tried_out(acme: Any, adam: Client) -> None:
    asked = {"user": str(acme.alice.id), "kind": "change_member_type", "object": "contractor"}
    page = adam.get(PAGE, asked)
    assert "Change the type…" in words(page)
    assert "Alice would lose" in words(page)
    assert re.search(r"github-mcp\s+no change", words(page)), "kept rows with why"


def test_who_may_not_change_it_gets_no_job_either(acme: Any) -> None:
    rita = cast.signed_in(acme.rita)
    change = json.dumps({"kind": "archive_group", "group_id": str(acme.oncall.pk)})
    assert rita.post(f"{PAGE}all/", {"change": change}).status_code == 403
    with tenant_context(acme.id):
        assert not Job.objects.exists()


def test_nobody_tries_out_changes_without_end(
    acme: Any, adam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authz.what_if.allowance.PER_MINUTE", 0)
    answer = adam.get(PAGE, {"user": str(acme.alice.id), "kind": "suspend_member"})
    assert answer.status_code == 429
    assert "Wait a little." in words(answer)
    given = {"subject": f"g:{acme.oncall.pk}", "role": str(acme.writer.pk)}
    effect = adam.post("/t/acme-corp/authz/bindings/new/effect/", given, headers={"HX-Request": "true"})
    assert "Wait a little." in words(effect)
    assert adam.post("/t/acme-corp/authz/bindings/new/", given).status_code == 302, (
        "the real one is not held up"
    )
    assert adam.get(PAGE, {"user": str(acme.alice.id)}).status_code == 200


def test_beside_a_past_answer_it_says_that_it_is_about_now(acme: Any, adam: Client) -> None:
    asked = {"user": str(acme.alice.id), "kind": "suspend_member", "at": later(hours=-2)}
    assert "Tried out as of now" in words(adam.get(PAGE, asked))


def later(**away: int) -> str:
    return (timezone.now() + timedelta(**away)).isoformat()


def test_bad_input_is_a_sentence(acme: Any, adam: Client) -> None:
    for query in (
        {"user": str(acme.alice.id), "kind": "remove_from_group", "object": "no uuid"},
        {"kind": "change_scopes", "object": "x y"},
        {"mfa": "maybe"},
        {"change": "{"},
        {"change": "[]"},
    ):
        assert adam.get(PAGE, query).status_code == 422, query


def refused(browser: Client, change: str) -> None:
    """Neither the page nor the job takes it, and both say so."""
    browser.raise_request_exception = False
    assert browser.get(PAGE, {"change": change}).status_code == 422, change[:60]
    assert browser.post(f"{PAGE}all/", {"change": change}).status_code == 422, change[:60]


def test_a_change_in_the_address_is_read_as_strictly_as_a_body(acme: Any, adam: Client) -> None:
    half = {"kind": "set_plan_tier", "user_id": str(acme.alice.id), "plan_tier": "\ud800"}
    for change in ("[" * 3_000, json.dumps(half), '{"kind": "bind", "kind": "archive_role"}', "NaN"):
        refused(adam, change)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_at_the_end_of_time_is_refused_wherever_a_change_has_one(
    acme: Any, adam: Client, moment: str
) -> None:
    binding = {"kind": "change_binding", "binding_id": str(acme.runs.pk)}
    refused(adam, json.dumps(binding | {"expires_at": moment}))
    refused(adam, json.dumps(binding | {"conditions": {"not_before": moment}}))


def test_a_moment_in_an_odd_zone_is_one_in_utc(acme: Any, adam: Client) -> None:
    for moment in ("2026-11-22T12:00:00+23:59:59.999999", "9999-12-31T23:59:59Z"):
        odd = {"conditions": {"not_before": moment}}
        change = json.dumps({"kind": "change_binding", "binding_id": str(acme.runs.pk)} | odd)
        assert adam.get(PAGE, {"change": change}).status_code == 200
