"""How a member likes to see the list: own views and columns."""

import pytest
from django.utils import timezone

from authsec.database.context import tenant_context
from endusers.models import SavedView
from tenants import operations
from tests import cast

pytestmark = pytest.mark.django_db
LIST = "/t/alex-tools/end-users/"
VIEWS = f"{LIST}views/"


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def alex(tools):
    cast.end_user(tools, "ed@lanternworks.example", name="Ed Okafor")
    return cast.signed_in(cast.owner_of(tools))


def kept(tools) -> list[tuple[str, str]]:
    with tenant_context(tools.id):
        return list(SavedView.objects.filter(tenant_id=tools.id).values_list("name", "query"))


def test_a_view_keeps_filters_search_and_order_but_no_page(tools, alex):
    asked = "?order=asc&seen=7d&q=ed&status=active&cursor=&select=all&seen_to="
    assert "Last seen" in alex.get(VIEWS + asked).text
    answer = alex.post(VIEWS + asked, {"name": "Regulars"}, follow=True)
    assert kept(tools) == [("Regulars", "q=ed&status=active&seen=7d&order=asc")]
    assert 'aria-current="page">Regulars' in answer.text
    assert 'aria-current="page">Regulars' not in alex.get(LIST).text


def test_the_same_name_again_keeps_the_new_filters(tools, alex):
    for status in ("active", "suspended"):
        alex.post(f"{VIEWS}?status={status}", {"name": "Mine"})
    assert kept(tools) == [("Mine", "status=suspended")]


def test_nobody_sees_or_deletes_anothers_view(tools, alex):
    alex.post(f"{VIEWS}?status=active", {"name": "Mine"})
    adam = cast.signed_in(cast.member(tools, "adam@example.test", "admin"))
    assert "Mine" not in adam.get(LIST).text
    with tenant_context(tools.id):
        view = SavedView.objects.get(tenant_id=tools.id)
    adam.post(VIEWS, {"delete": view.pk})
    assert len(kept(tools)) == 1
    alex.post(VIEWS, {"delete": view.pk})
    assert kept(tools) == []


def test_a_view_needs_a_name_and_room(tools, alex):
    for name in ("", " ", "x" * 41, "a\x00b"):
        assert alex.post(VIEWS, {"name": name}).status_code == 422
    with tenant_context(tools.id):
        owner = cast.owner_of(tools)
        SavedView.objects.bulk_create(
            SavedView(tenant=tools, user_id=owner.id, name=f"View {number}", query="") for number in range(20)
        )
    answer = alex.post(VIEWS, {"name": "One more"})
    assert (answer.status_code, "delete one first" in answer.text) == (422, True)
    assert alex.post(VIEWS, {"name": "View 7"}).status_code == 302


def test_who_left_has_no_views_any_more(tools):
    person = cast.member(tools, "adam@example.test", "admin")
    cast.signed_in(person).post(VIEWS, {"name": "Mine"})
    assert kept(tools)
    with tenant_context(tools.id):
        operations.remove_member(tenant_id=tools.id, user_id=person.id, actor=cast.SYSTEM, now=timezone.now())
    assert kept(tools) == []


def test_columns_are_remembered_by_the_browser_and_the_filters_stay(alex):
    assert "Ed Okafor" in alex.get(LIST).text
    answer = alex.post(
        f"{LIST}columns/", {"column": ["status", "suspended"], "query": "status=active&cursor=x&q="}
    )
    assert answer.headers["Location"] == f"{LIST}?status=active"
    page = alex.get(LIST).text
    assert '<th scope="col">Suspended</th>' in page
    assert '<th scope="col">Plan tier</th>' not in page
    alex.post(f"{LIST}columns/", {"query": "//evil.example"})
    page = alex.get(LIST).text
    assert '<th scope="col">Status</th>' not in page
    assert "Ed Okafor" in page


@pytest.mark.parametrize("cookie", ["", "nonsense", "v9.status.<script>", "." * 500])
def test_a_cookie_that_somebody_bent_shows_what_it_can(alex, cookie):
    alex.cookies["end_user_columns"] = cookie
    answer = alex.get(LIST)
    assert (answer.status_code, "<script>." in answer.text) == (200, False)
