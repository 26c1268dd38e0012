"""Limits that the server keeps for an Application that asked it to: counted at introspection, refused with 429."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import applications
from authz.models import Application
from endusers.models import EndUser, PlanTier
from tests import cast
from tests.console.api import Api, token_of
from tests.oauth.world import ED, World, account, basic, world

pytestmark = pytest.mark.django_db
INACTIVE = b'{"active": false}'


def enforcing(limit: int = 2, window_s: int = 60) -> tuple[World, str]:
    """A world whose Application has its calls counted, the free tier's limit, and Ed's token."""
    it = world()
    token = it.tokens(it.signed_in(ED), scope="read write")["access_token"]
    with tenant_context(it.tenant.id):
        PlanTier.objects.update(rate_limit=limit, rate_window_s=window_s)
    applications.set_enforcement(
        tenant_id=it.tenant.id,
        application_id=it.application.pk,
        enforce=True,
        actor=SYSTEM,
        now=timezone.now(),
    )
    return it, token


def test_each_answer_says_how_many_calls_remain_and_when_the_window_ends() -> None:
    it, token = enforcing(2)
    with time_machine.travel(timezone.now(), tick=False):
        first, second = it.facts(token)["rate_limit"], it.facts(token)["rate_limit"]
    assert first.pop("reset") == 60
    assert first == {"limit": 2, "window_s": 60, "source": "tier", "remaining": 1}
    assert second["remaining"] == 0


def test_a_call_too_many_is_answered_429_which_is_no_word_about_the_token() -> None:  # RFC 6585 §4
    it, token = enforcing(1)
    assert it.facts(token)["active"] is True
    answer = it.introspect(token)
    assert answer.status_code == 429
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert "active" not in body
    assert body["error"] == "rate_limited"
    limit = body["rate_limit"]
    assert limit == {
        "limit": 1,
        "window_s": 60,
        "source": "tier",
        "remaining": 0,
        "reset": int(answer["Retry-After"]),
    }


def test_a_token_that_is_not_good_is_neither_counted_nor_throttled() -> None:
    it, token = enforcing(1)
    for _ in range(3):
        assert it.introspect("as_at_unknown").content == INACTIVE
    with tenant_context(it.tenant.id):
        EndUser.objects.update(status="suspended", suspended_at=timezone.now())
    assert it.introspect(token).content == INACTIVE
    with tenant_context(it.tenant.id):
        EndUser.objects.update(status="active")
    assert it.facts(token)["rate_limit"]["remaining"] == 0
    assert it.introspect(token).status_code == 429


def test_all_tokens_of_a_person_count_together_and_each_person_alone() -> None:
    it, token = enforcing(2)
    other = it.tokens(it.signed_in(ED), scope="read")["access_token"]
    stranger = it.tokens(it.signed_in("zoe@consumer.example"))["access_token"]
    assert it.facts(token)["rate_limit"]["remaining"] == 1
    assert it.facts(other)["rate_limit"]["remaining"] == 0
    assert it.introspect(token).status_code == 429
    assert it.facts(stranger)["rate_limit"]["remaining"] == 1


def test_a_service_accounts_calls_are_counted_by_the_applications_limit_beside_everybody_elses() -> None:
    it, token = enforcing(5)
    client, secret, robot = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    first, second = (it.post(form, **basic(client.client_id, secret)).json()["access_token"] for _ in "ab")
    said = it.facts(first)
    assert said["plan_tier"] is None
    assert said["rate_limit"] is None  # nobody set one for an account yet
    with tenant_context(it.tenant.id):
        Application.objects.update(rate_limit=2)
    assert it.facts(first)["rate_limit"]["source"] == "application"
    assert it.facts(second)["rate_limit"]["remaining"] == 0  # all of its tokens together
    refused = it.introspect(first)
    assert refused.status_code == 429
    assert refused.json()["rate_limit"]["limit"] == 2
    assert it.facts(token)["rate_limit"] | {"reset": 0} == {
        "limit": 5,
        "window_s": 60,
        "source": "tier",
        "remaining": 4,
        "reset": 0,
    }


def test_another_limit_counts_at_the_next_call_with_what_was_used() -> None:
    it, token = enforcing(1)
    it.facts(token)
    assert it.introspect(token).status_code == 429
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    with tenant_context(it.tenant.id):
        EndUser.objects.update(rate_limit_override={"limit": 9, "window_s": 60, "until": until})
    said = it.facts(token)["rate_limit"]
    assert (said["limit"], said["remaining"], said["source"]) == (9, 6, "override")


def test_a_new_window_begins_with_the_first_call_after_the_old_one() -> None:
    it, token = enforcing(1, window_s=1)
    begun = timezone.now()
    for moment in (begun, begun + timedelta(seconds=1)):
        with time_machine.travel(moment, tick=False):
            assert it.facts(token)["rate_limit"]["remaining"] == 0
            assert it.introspect(token).status_code == 429


def test_without_a_limit_nothing_is_counted() -> None:
    it, token = enforcing()
    with tenant_context(it.tenant.id):
        PlanTier.objects.update(rate_limit=None)
    assert it.facts(token)["rate_limit"] is None


def test_only_the_application_that_asked_has_its_calls_counted() -> None:
    it, token = enforcing(1)
    now = timezone.now()
    which = {"tenant_id": it.tenant.id, "application_id": it.application.pk, "actor": SYSTEM, "now": now}
    applications.set_enforcement(**which, enforce=False)
    for _ in range(3):
        assert "remaining" not in it.facts(token)["rate_limit"]
    with tenant_context(it.tenant.id):
        said = Event.objects.filter(target_id=it.application.pk, after__has_key="enforce_rate_limit")
        assert [event.after["enforce_rate_limit"] for event in said.order_by("at")] == [True, False]


def test_an_operator_switches_counting_on_by_form_and_by_api() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED), scope="read write")["access_token"]
    owner = cast.owner_of(it.tenant)
    api, path = Api(token_of(owner), it.tenant), f"/uflow/v2/applications/{it.application.pk}"
    assert api.get(path).json()["enforce_rate_limit"] is False
    assert api("PATCH", path, {"enforce_rate_limit": True}).json()["enforce_rate_limit"] is True
    assert it.facts(token)["rate_limit"]["remaining"] == 59
    assert api("PATCH", path, {"enforce_rate_limit": "perhaps"}).status_code == 422
    browser, page = cast.signed_in(owner), f"/t/{it.tenant.slug}/applications/{it.application.pk}/edit/"
    form = {name: value for name, value in browser.get(page).context["form"].initial.items() if value}
    assert form.pop("enforce_rate_limit") is True
    assert browser.post(page, form).status_code == 302
    assert "remaining" not in it.facts(token)["rate_limit"], "an empty box is a no"
