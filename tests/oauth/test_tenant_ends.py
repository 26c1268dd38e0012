"""What a tenant's plan and a tenant's end mean for the people and programs that come with OAuth."""

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers.models import EndUser
from tenants import operations, plans
from tests import cast
from tests.oauth.world import ED, World, nothing_written, redirected, world

pytestmark = pytest.mark.django_db
OWNER = "owner@acme-corp.example"


def switch(it: World, verb: str) -> None:
    with tenant_context(it.tenant.id):
        getattr(operations, verb)(tenant_id=it.tenant.id, actor=SYSTEM, now=timezone.now())


def test_a_closed_tenants_tokens_answer_inactive_at_once_and_come_back_with_it() -> None:
    it = world()
    people = [it.signed_in(ED), it.signed_in("eve@consumer.example")]
    tokens = [it.tokens(person)["access_token"] for person in people]
    assert [it.facts(token)["active"] for token in tokens] == [True, True]
    switch(it, "close_tenant")
    assert [it.facts(token) for token in tokens] == [{"active": False}] * 2
    url, _ = it.query()
    page = people[0].get(url)
    assert page.status_code == 403
    assert "is closed" in page.text
    switch(it, "reopen_tenant")
    assert [it.facts(token)["active"] for token in tokens] == [True, True]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> World:
    """A tenant whose plan allows one end user, and who has one."""
    it = world()
    cast.end_user(it.tenant, "first@consumer.example")
    monkeypatch.setitem(plans.ALLOWS, "free", plans.ALLOWS["free"] | {plans.END_USERS: 1})
    return it


def test_a_full_tenant_takes_nobody_new_and_says_so(full: World) -> None:
    url, _ = full.query()
    browser = full.signed_in(ED)
    for answer in (browser.get(url), browser.post(url, {"action": "allow", "scopes": ["read"]})):
        assert answer.status_code == 403
        assert "can’t take new people now" in answer.text
    assert nothing_written(full, ED)
    silent, _ = full.query(prompt="none")
    assert redirected(browser.get(silent))["error"] == "access_denied"


def test_a_full_tenant_changes_nothing_for_whom_it_knows(full: World) -> None:
    token = full.tokens(full.signed_in("first@consumer.example"))["access_token"]
    assert full.facts(token)["active"] is True
    url, _ = full.query()
    assert full.signed_in(OWNER).get(url).status_code == 200


def test_whoever_loses_the_last_place_leaves_no_trace(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # The page was shown while there was room: the verb's own look refuses.
    monkeypatch.setattr("oauth.views.authorize.has_room", lambda **_: True)
    url, _ = full.query()
    browser = full.signed_in(ED)
    answer = full.answer(browser, url, scopes=["read"])
    assert answer.status_code == 403
    assert nothing_written(full, ED)
    with tenant_context(full.tenant.id):
        assert EndUser.objects.count() == 1
