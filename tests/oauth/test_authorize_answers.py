"""An answer at the authorize page and its question: old, forged, doubled, overtaken; and how much a page shows."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from authsec.database.context import tenant_context
from authz.models import Binding, Scope
from oauth.models import Grant
from tests import cast
from tests.oauth.world import ED, World, boxes, nothing_written, public_client, question, redirected, world

pytestmark = pytest.mark.django_db


def codes(it: World) -> int:
    """How many authorization codes the tenant's Applications have given."""
    with tenant_context(it.tenant.id):
        return int(Grant.objects.filter(tenant=it.tenant).count())


def test_an_old_page_says_so_and_offers_a_fresh_one() -> None:
    it = world()
    browser = it.signed_in(ED)
    url, _ = it.query(scope="read")
    asked = question(browser.get(url))
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        answer = browser.post(url, {"action": "allow", "scopes": ["read"], "question": asked})
    assert answer.status_code == 409
    assert "too old" in answer.text
    assert f'href="{url}"' in answer.text.replace("&amp;", "&")
    assert nothing_written(it, ED)


@pytest.mark.parametrize("forged", ["", "x", "é", ":", "W10:x", "." * 9000])
def test_an_answer_without_the_question_that_was_asked_gives_nothing(forged: str) -> None:  # RFC 9700 §4.7
    it = world()
    url, _ = it.query(scope="read")
    answer = it.signed_in(ED).post(url, {"action": "allow", "scopes": ["read"], "question": forged})
    assert answer.status_code == 409
    assert nothing_written(it, ED)


def test_another_persons_question_or_another_requests_gives_nothing() -> None:
    it = world()
    url, _ = it.query(scope="read")
    other, _ = it.query(scope="read write")
    browser = it.signed_in(ED)
    for asked in (question(it.signed_in("flo@consumer.example").get(url)), question(browser.get(other))):
        answer = browser.post(url, {"action": "allow", "scopes": ["read"], "question": asked})
        assert answer.status_code == 409
    assert nothing_written(it, ED)


@pytest.mark.parametrize(
    ("action", "says"), [("allow", "You have allowed this"), ("deny", "You did not allow this")]
)
def test_back_after_an_answer_gives_no_second_code_unasked(action: str, says: str) -> None:
    it = world()
    browser = it.signed_in(ED)
    url, _ = it.query(scope="read")
    asked = question(browser.get(url))
    form = {"action": action, "scopes": ["read"], "question": asked}
    redirected(browser.post(url, form))
    before = codes(it)
    for answer in (browser.get(url), browser.post(url, form)):
        assert says in answer.text
        assert "form-action 'self' http://127.0.0.1:7;" in answer["Content-Security-Policy"] + ";"
    assert codes(it) == before
    answer = browser.post(url, {"action": "again"})
    assert answer["Location"] == url
    after = browser.get(url)
    assert "code" in redirected(after) if action == "allow" else boxes(after) == ["read"]


def test_two_tabs_with_two_requests_do_not_get_in_each_others_way() -> None:
    it = world()
    browser = it.signed_in(ED)
    one, other = it.query(scope="read")[0], it.query(scope="write")[0]
    asked = {url: question(browser.get(url)) for url in (one, other)}
    for url, scope in ((other, "write"), (one, "read")):
        answer = browser.post(url, {"action": "allow", "scopes": [scope], "question": asked[url]})
        assert "code" in redirected(answer)


def test_what_changed_while_the_page_was_open_is_shown_before_anything_is_given() -> None:
    it = world()
    browser = it.signed_in(ED)
    url, verifier = it.query(scope="read write")
    asked = question(browser.get(url))
    with tenant_context(it.tenant.id):
        Scope.objects.filter(name="write").update(ended_at=timezone.now())
    answer = browser.post(url, {"action": "allow", "scopes": ["read", "write"], "question": asked})
    assert answer.status_code == 409
    assert "what you may give has changed: write" in answer.text
    assert nothing_written(it, ED)
    code = redirected(
        browser.post(url, {"action": "allow", "scopes": ["read"], "question": question(answer)})
    )["code"]
    assert it.exchange(code, verifier).json()["scope"] == "read"


def test_what_came_while_the_page_was_open_is_not_given_unseen() -> None:
    it = world()
    browser = it.signed_in(ED)
    url, verifier = it.query(scope="read run")
    asked = question(browser.get(url))
    with tenant_context(it.tenant.id):
        binding = Binding.objects.filter(tenant=it.tenant, plan_tier__isnull=False)[0]
        tier = binding.plan_tier
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), tier, it.application)
    form = {"action": "allow", "scopes": ["read", "run"], "question": asked}
    code = redirected(browser.post(url, form))["code"]
    assert it.exchange(code, verifier).json()["scope"] == "read"


# --- names and lists that would mislead --------------------------------------------------------------------


def test_forty_scopes_stand_by_risk_and_the_riskiest_first() -> None:
    it = world()
    names = [f"n{number:02}" for number in range(40)]
    with tenant_context(it.tenant.id):
        for number, name in enumerate(names):
            risk = ("low", "medium", "high", "critical")[number % 4]
            Scope.objects.create(tenant=it.tenant, application=it.application, name=name, risk=risk)
    cast.bind(it.tenant, cast.role(it.tenant, "All", names), cast.tier(it.tenant), it.application)
    url, _ = it.query(scope=" ".join(names))
    page = it.signed_in(ED).get(url)
    shown = boxes(page)
    assert len(shown) == 40
    assert shown[:10] == [name for number, name in enumerate(names) if number % 4 == 3]
    assert "Allow 40 scopes" in page.text
    assert page.text.count('<details class="wish-group" open>') == 3
    assert page.text.count('<details class="wish-group">') == 1


def test_names_stay_within_their_own_direction_and_are_text() -> None:
    it = world()
    it.client = public_client("<b>مساعد")
    page = it.signed_in(ED).get(it.query()[0]).text
    assert "<bdi>&lt;b&gt;مساعد</bdi> wants to use" in page
    assert "<b>مساعد" not in page
    assert "started \u2068&lt;b&gt;مساعد\u2069 yourself" in page
