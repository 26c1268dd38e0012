"""The list of end users: what is found, in which order, page after page."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from authsec.database.context import tenant_context
from authsec.web.pagination import BadCursor, Count, Cursor
from endusers import operations, queries
from endusers.models import EndUser
from endusers.queries import Filters
from oauth.models import Client, Consent
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


def page(tenant, filters=None, cursor="", **rest):
    with tenant_context(tenant.id):
        return queries.search(tenant.id, filters or Filters(**rest.pop("by", {})), cursor, **rest)


def names(tenant, **by) -> list[str]:
    return [card.display_name for card in page(tenant, by=by).items]


def people(tenant, *names):
    return [cast.end_user(tenant, f"{name.lower()}@example.test", name=name) for name in names]


def seen(end_user, moment) -> None:
    with tenant_context(end_user.tenant_id):
        EndUser.objects.filter(pk=end_user.pk).update(last_seen_at=moment)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("okafor", ["Ed Okafor"]),
        ("OKAF", ["Ed Okafor"]),
        ("lanternworks.exam", ["Ed Okafor"]),
        ("ed", ["Ed Okafor"]),
        ("E", ["Ed Okafor"]),
        ("in", ["Ingrid Solheim"]),
        ("100%", ["100% Real_Name"]),
        ("%", []),
        ("_", []),
        ("l_N", ["100% Real_Name"]),
        ("a_b", []),
        ("\\", []),
        ("' or 1=1 --", []),
        ("Søl", []),
        ("nobody at all", []),
    ],
)
def test_search_finds_parts_of_names_and_addresses_and_takes_signs_literally(tools, text, found):
    cast.end_user(tools, "ed.okafor@lanternworks.example", name="Ed Okafor")
    cast.end_user(tools, "ingrid@fjordpost.example", name="Ingrid Solheim")
    cast.end_user(tools, "percent@example.test", name="100% Real_Name")
    assert names(tools, text=text) == found


def test_a_whole_address_means_whoever_has_it_and_a_part_of_one_where_nobody_does(tools):
    for address in ("ann@example.test", "joann@example.test", "joann@example.testing"):
        cast.end_user(tools, address, name=address)
    for text in ("Ann@Example.test", "Ann Lee <ann@example.test>", "mailto:ann@example.test"):
        assert names(tools, text=text) == ["ann@example.test"]
    assert set(names(tools, text="oann@example.test")) == {"joann@example.test", "joann@example.testing"}
    assert len(names(tools, text="ann@example.")) == 3
    assert names(tools, text="ann@example.test", status="suspended") == []


def test_how_many_share_a_name_is_left_to_a_question_of_its_own(tools, monkeypatch):
    monkeypatch.setattr(queries, "CAP", 6)
    people(tools, *(f"Tanaka{number}" for number in range(5)), *"ABC")
    cast.analyzed("endusers_enduser")
    shared = {"by": {"text": "tanaka"}, "limit": 2}
    assert page(tools, **shared, counted=False).count == Count(3, uncounted=True)
    assert page(tools, **shared).count == Count(5)
    with tenant_context(tools.id):
        assert queries.count(tools.id, Filters(text="tanaka")) == Count(5)
        monkeypatch.setattr(queries, "CAP", 3)
        assert queries.count(tools.id, Filters(text="tanaka")).is_estimate
    assert [len(page(tools, cursor=cursor, **shared).items) for cursor in _cursors(tools, shared)] == [
        2,
        2,
        1,
    ]


def _cursors(tenant, asked):
    """The cursors of all the pages, the first one's included."""
    cursor = ""
    while cursor is not None:
        yield cursor
        cursor = page(tenant, cursor=cursor, counted=False, **asked).next


def test_search_takes_an_id_in_any_spelling(tools):
    ed, _ = people(tools, "Ed", "Ingrid")
    for spelling in (str(ed.user_id), ed.user_id.hex, str(ed.user_id).upper(), f"  {ed.user_id} "):
        assert names(tools, text=spelling) == ["Ed"]


def test_another_tenants_people_are_not_found(tools):
    acme = cast.open_tenant()
    ed = cast.end_user(acme, "ed@example.test", name="Ed")
    for text in ("ed", "example", str(ed.user_id)):
        found = page(tools, by={"text": text})
        assert (list(found.items), found.count.value) == ([], 0)


def test_pages_run_forth_and_back_over_ties_and_unknown_dates(tools):
    everybody = people(tools, *"ABCDEFGHIJKLM")
    moment = timezone.now()
    for number, person in enumerate(everybody):
        seen(person, None if number % 3 == 0 else moment - timedelta(hours=number // 4))
    whole = [card.user_id for card in page(tools).items]
    assert len(whole) == 13
    for limit in (1, 2, 5, 12, 13):
        forth, cursor = [], ""
        while True:
            got = page(tools, cursor=cursor, limit=limit)
            assert got.count.value == 13
            forth.append([card.user_id for card in got.items])
            if got.next is None:
                break
            cursor = got.next
        assert [user for shown in forth for user in shown] == whole
        back = [forth[-1]]
        while got.previous is not None:
            got = page(tools, cursor=got.previous, limit=limit)
            back.insert(0, [card.user_id for card in got.items])
        assert back == forth


def test_filters_narrow_and_count(tools):
    ed, ingrid, jakub = people(tools, "Ed", "Ingrid", "Jakub")
    now = timezone.now()
    with tenant_context(tools.id):
        common = {"tenant_id": tools.id, "actor": cast.SYSTEM, "now": now}
        operations.suspend(user_id=jakub.user_id, reason="abuse", **common)
        operations.set_plan_tier(user_id=ingrid.user_id, tier_key="pro", **common)
    seen(ed, now - timedelta(days=40))
    assert names(tools, status="suspended") == ["Jakub"]
    assert names(tools, plan_tier="pro") == ["Ingrid"]
    assert names(tools, plan_tier="platinum") == []
    assert names(tools, seen_to=now - timedelta(days=30)) == ["Ed"]
    assert set(names(tools, seen_from=now - timedelta(days=7))) == {"Ingrid", "Jakub"}
    assert names(tools, consent_to=now - timedelta(days=1)) == []
    assert names(tools, text="jakub", status="active") == []
    assert page(tools, by={"status": "active"}).count.value == 2


def test_the_application_filter_follows_live_consents(tools):
    ed, ingrid = people(tools, "Ed", "Ingrid")
    pdf = cast.application(tools, "pdf-mcp", ["pages:read"])
    with tenant_context(tools.id):
        client = Client.objects.create(tenant=tools, client_id="claude", name="Claude")
        for person in (ed, ingrid):
            Consent.objects.create(tenant=tools, user_id=person.user_id, client=client, application=pdf)
        Consent.objects.filter(user_id=ingrid.user_id).update(withdrawn_at=timezone.now())
    found = page(tools, by={"application": pdf.id})
    assert [(card.display_name, card.applications) for card in found.items] == [("Ed", ("pdf-mcp",))]
    with tenant_context(tools.id):
        assert [choice.name for choice in queries.choices(tools.id) if choice.kind == "application"] == [
            "pdf-mcp"
        ]


def test_beyond_the_cap_the_count_is_an_estimate(tools, monkeypatch):
    people(tools, "A", "B", "C", "D")
    monkeypatch.setattr(queries, "CAP", 2)
    assert str(page(tools).count) == "4"  # for the page looked at everybody
    count = page(tools, limit=2).count
    assert count.is_estimate
    assert count.value > 2
    assert str(count).startswith("≈ ")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "AAAA",
        "bnVsbA",
        "W10",
        "W10=",
        "e30",
        "WyJsYXN0X3NlZW4iLDAsMSwyXQ",
        "[" * 2000,
        "\x00",
        "a" * 5000,
        Cursor("last_seen:desc", False, "9999-12-31T23:59:59-01:00", UUID(int=1)).encode(),
    ],
)
def test_a_bad_cursor_is_refused(tools, cursor):
    with pytest.raises(BadCursor):
        page(tools, cursor=cursor)


def test_a_cursor_may_name_a_zone_that_only_python_reads(tools):
    people(tools, "A")
    cursor = Cursor("last_seen:desc", False, "2030-01-01T00:00:00+23:59:59", UUID(int=1)).encode()
    assert page(tools, cursor=cursor).count.value == 1


def test_a_cursor_of_another_order_is_refused(tools):
    people(tools, "A", "B")
    cursor = page(tools, limit=1).next
    with pytest.raises(BadCursor):
        page(tools, cursor=cursor, sort="first_consent")


def test_the_client_filter_follows_live_consents_and_names_only_clients_in_use(tools):
    ed, ingrid, jakub = people(tools, "Ed", "Ingrid", "Jakub")
    pdf, mail = (cast.application(tools, name, ["x:read"]) for name in ("pdf-mcp", "mail-mcp"))
    with tenant_context(tools.id):
        claude, cursor, unused = (
            Client.objects.create(tenant=tools, client_id=name, name=name)
            for name in ("claude", "cursor", "unused")
        )
        for person, client, application in (
            (ed, claude, pdf),
            (ed, claude, mail),
            (ingrid, cursor, pdf),
            (jakub, claude, mail),
        ):
            Consent.objects.create(
                tenant=tools, user_id=person.user_id, client=client, application=application
            )
        Consent.objects.filter(user_id=jakub.user_id).update(withdrawn_at=timezone.now())
    assert names(tools, client=claude.pk) == ["Ed"]
    assert names(tools, client=cursor.pk, application=mail.pk) == []  # the same connection, not any two
    assert names(tools, client=unused.pk) == []
    with tenant_context(tools.id):
        offered = [choice.name for choice in queries.choices(tools.id) if choice.kind == "client"]
    assert offered == ["claude", "cursor"]


@pytest.mark.parametrize("sort", queries.SORTS)
@pytest.mark.parametrize("order", queries.ORDERS)
@pytest.mark.parametrize("cap", [3, 1000])
def test_every_order_pages_forth_and_back_walked_or_sorted(tools, monkeypatch, sort, order, cap):
    """Few matches are sorted, many are walked to: the same people in the same order, ties and unknown dates too."""
    monkeypatch.setattr(queries, "CAP", cap)
    everybody = people(tools, *"ABCDEFGHI")
    moment = timezone.now()
    with tenant_context(tools.id):
        for number, person in enumerate(everybody):
            value = None if number % 3 == 0 else moment - timedelta(hours=number // 4)
            EndUser.objects.filter(pk=person.pk).update(last_seen_at=value, first_consent_at=value)
    sign = 1 if order == "asc" else -1
    column = "last_seen_at" if sort == "last_seen" else "first_consent_at"
    whole = page(tools, sort=sort, order=order).items
    key = [(getattr(card, column), card.user_id) for card in whole]
    dated = [pair for pair in key if pair[0] is not None]
    assert key[: len(dated)] == dated
    assert dated == sorted(dated, reverse=sign < 0)
    assert [user for _, user in key[len(dated) :]] == sorted(
        (u for at, u in key if at is None), reverse=sign < 0
    )
    forth, cursor = [], ""
    while cursor is not None:
        got = page(tools, cursor=cursor, limit=2, sort=sort, order=order)
        forth.append([card.user_id for card in got.items])
        cursor = got.next
    assert [user for shown in forth for user in shown] == [user for _, user in key]
    back = [forth[-1]]
    while got.previous is not None:
        got = page(tools, cursor=got.previous, limit=2, sort=sort, order=order)
        back.insert(0, [card.user_id for card in got.items])
    assert back == forth


def test_a_page_that_looks_at_too_many_ends_early_and_goes_on_where_it_stopped(tools, monkeypatch):
    for name, value in (("CAP", 1), ("REACH", 4), ("MOST", 1)):
        monkeypatch.setattr(queries, name, value)
    everybody = people(tools, *"ABCDEFGHIJ")
    moment = timezone.now()
    for number, person in enumerate(everybody):
        seen(person, moment - timedelta(hours=number))
    with tenant_context(tools.id):
        for number in (2, 7, 9):
            operations.set_plan_tier(
                tenant_id=tools.id,
                user_id=everybody[number].user_id,
                tier_key="pro",
                actor=cast.SYSTEM,
                now=moment,
            )
    shown, cursor = [], ""
    while cursor is not None:
        got = page(tools, cursor=cursor, limit=5, by={"plan_tier": "pro"})
        shown.append([card.display_name for card in got.items])
        cursor = got.next
    assert shown == [["C"], ["H"], ["J"]]
    assert got.count.is_estimate
    with tenant_context(tools.id):
        monkeypatch.setattr(queries, "MOST", 3)
    assert [card.display_name for card in page(tools, limit=5, by={"plan_tier": "pro"}).items] == [
        "C",
        "H",
        "J",
    ]
