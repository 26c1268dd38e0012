"""Settings → General and what hangs below it, as a browser meets them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from tenants import operations, plans
from tenants.models import Membership, OwnershipTransfer, Tenant
from tenants.operations.opening import OPENINGS
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
GENERAL = "/t/acme-corp/settings/"


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture
def olga(acme: Tenant) -> Client:
    return cast.signed_in(cast.owner_of(acme))


@pytest.fixture
def adam(acme: Tenant) -> Client:
    return cast.signed_in(cast.member(acme, "adam@acme.example", "admin", "Adam Weiss"))


def row(acme: Tenant) -> Tenant:
    with tenant_context(acme.pk):
        return Tenant.objects.get(pk=acme.pk)


def left_open(client: Client) -> Client:
    """A session whose last proof is an hour old."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3_600
    session.save()
    return client


def test_it_shows_what_the_plan_allows_in_six_statements(acme: Tenant, olga: Client) -> None:
    olga.get(GENERAL)
    with statements() as sent:
        page = olga.get(GENERAL)
    assert page.status_code == 200
    assert '1 <span class="secondary">of 25</span>' in page.text
    assert '0 <span class="secondary">of 10,000</span>' in page.text
    assert len(sent) <= 6, "\n".join(sent)


def test_an_admin_sees_no_danger_zone(adam: Client) -> None:
    page = adam.get(GENERAL).text
    assert "Rename…" in page
    assert "Danger zone" not in page
    assert adam.get(f"{GENERAL}close/").status_code == 403
    assert adam.post(f"{GENERAL}transfer/", {}).status_code == 403


def test_a_new_slug_leads_on_and_the_old_one_leads_members_there(acme: Tenant, olga: Client) -> None:
    stranger = cast.signed_in(cast.owner_of(cast.open_tenant("globex", "sid@globex.example")))
    answer = olga.post(f"{GENERAL}slug/", {"slug": "acme"})
    assert (answer.status_code, answer["Location"]) == (302, "/t/acme/settings/")
    old = olga.get("/t/acme-corp/end-users/?status=suspended&q=a%20b")
    assert (old.status_code, old["Location"]) == (302, "/t/acme/end-users/?status=suspended&q=a%20b")
    assert olga.post("/t/acme-corp/settings/name/", {"name": "Lost"}).status_code == 404
    assert row(acme).name == "acme-corp"
    for path in ("/t/acme-corp/", "/t/acme/", "/t/never-was/"):
        assert stranger.get(path).status_code == 404
    assert "acme-corp" in olga.get("/t/acme/settings/").text
    assert olga.post("/t/acme/settings/slug/", {"slug": "acme-corp"}).status_code == 302
    assert olga.get("/t/acme/settings/")["Location"] == "/t/acme-corp/settings/"


@pytest.mark.parametrize("path", ["/t/a%00b/", "/t/%ff/", "/t/A-B/", "/t/-/", "/t//evil.example/"])
def test_a_path_that_holds_no_slug_is_a_404(olga: Client, path: str) -> None:
    assert olga.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("slug", "Not A Slug", 422),
        ("slug", "a\x00b", 422),
        ("slug", "", 422),
        ("slug", "globex", 409),
        ("name", " ", 422),
        ("name", "x" * 101, 422),
        ("name", "a\x00b", 422),
    ],
)
def test_a_bad_answer_stays_beside_its_field(
    acme: Tenant, olga: Client, field: str, value: str, status: int
) -> None:
    cast.open_tenant("globex", "sid@globex.example")
    for headers in ({}, {"HX-Request": "true"}):
        page = olga.post(f"{GENERAL}{field}/", {field: value}, headers=headers)
        assert page.status_code == status
        assert 'aria-invalid="true"' in page.text
    assert (row(acme).name, row(acme).slug) == ("acme-corp", "acme-corp")


# --- handing over -----------------------------------------------------------------------------------------------------


def hand_over(acme: Tenant, olga: Client) -> str:
    """Offer the tenant to Adam; the path at which he answers."""
    adam = cast.member(acme, "adam@acme.example", "admin")
    assert olga.post(f"{GENERAL}transfer/", {"to": str(adam.pk)}).status_code == 302
    with tenant_context(acme.pk):
        return f"{GENERAL}transfer/{OwnershipTransfer.objects.get().pk}/"


def types(acme: Tenant) -> dict[str, str]:
    with tenant_context(acme.pk):
        rows = Membership.objects.values_list("user__identity__email", "type")
        return {email.partition("@")[0]: type for email, type in rows}


def test_both_sides_confirm_and_the_owner_changes(acme: Tenant, olga: Client, adam: Client) -> None:
    path = hand_over(acme, olga)
    assert "offers you acme-corp" in adam.get(GENERAL).text
    assert "Take the offer back" in olga.get(GENERAL).text
    assert "Own acme-corp" in adam.get(path).text
    assert types(acme) == {"olga": "owner", "adam": "admin"}
    assert adam.post(path, {"answer": "accept"}).status_code == 302
    assert types(acme) == {"olga": "admin", "adam": "owner"}
    assert olga.get(f"{GENERAL}close/").status_code == 403
    assert adam.get(path).status_code == 404


def test_a_session_that_lies_open_hands_nothing_over(acme: Tenant, olga: Client, adam: Client) -> None:
    path = hand_over(acme, olga)
    for client, asked in ((olga, f"{GENERAL}transfer/"), (adam, path), (olga, f"{GENERAL}close/")):
        left_open(client)
        assert "reauthenticate" in client.get(asked)["Location"]
        assert "reauthenticate" in client.post(asked, {"answer": "accept", "typed": "acme-corp"})["Location"]
    assert types(acme) == {"olga": "owner", "adam": "admin"}
    assert row(acme).status == "open"


def test_only_whom_it_was_offered_to_can_answer(acme: Tenant, olga: Client) -> None:
    path = hand_over(acme, olga)
    eve = cast.signed_in(cast.member(acme, "eve@acme.example"))
    for client in (eve, olga):
        assert client.get(path).status_code == 404
        assert client.post(path, {"answer": "accept"}).status_code == 404
    assert types(acme)["eve"] == "member"


def test_declining_and_taking_back_leave_everything_as_it_was(
    acme: Tenant, olga: Client, adam: Client
) -> None:
    assert adam.post(hand_over(acme, olga), {"answer": "decline"}).status_code == 302
    with tenant_context(acme.pk):
        OwnershipTransfer.objects.all().delete()
    path = hand_over(acme, olga)
    assert adam.post(path, {"answer": "maybe"}).status_code == 400
    assert olga.post(f"{path}cancel/").status_code == 302
    assert adam.get(path).status_code == 404
    assert types(acme) == {"olga": "owner", "adam": "admin"}


def test_an_unknown_heir_is_a_422(acme: Tenant, olga: Client, adam: Client) -> None:
    for to in ("", "nonsense", str(cast.user_of(acme, "sid@example.test").pk)):
        assert olga.post(f"{GENERAL}transfer/", {"to": to}).status_code == 422


# --- closing and coming back ------------------------------------------------------------------------------------------


def close(olga: Client) -> Any:
    return olga.post(f"{GENERAL}close/", {"typed": "acme-corp", "reason": "over"})


@pytest.mark.parametrize("typed", ["", "acme", "ACME-CORP", "a\x00b"])
def test_closing_wants_the_slug_typed_out(acme: Tenant, olga: Client, typed: str) -> None:
    assert olga.post(f"{GENERAL}close/", {"typed": typed}).status_code == 422
    assert row(acme).status == "open"


def test_a_closed_tenant_lets_nobody_in_and_an_owner_reopen_it(
    acme: Tenant, olga: Client, adam: Client
) -> None:
    assert close(olga)["Location"] == "/account/tenants/"
    path = f"/account/tenants/{acme.pk}/reopen/"
    for client, way in ((olga, True), (adam, False)):
        page = client.get("/t/acme-corp/end-users/")
        assert page.status_code == 403
        assert "acme-corp is closed" in page.text
        assert (path in page.text) is way
        assert (path in client.get("/account/tenants/").text) is way
    assert adam.get(path).status_code == 403
    assert adam.post(path).status_code == 403
    assert "Reopen acme-corp?" in olga.get(path).text
    assert olga.post(path)["Location"] == "/t/acme-corp/"
    assert adam.get("/t/acme-corp/end-users/").status_code == 200
    assert olga.post(path).status_code == 404


def test_an_owner_without_an_owners_role_does_not_reopen(acme: Tenant, olga: Client) -> None:
    from authz.models import Binding

    close(olga)
    with tenant_context(acme.pk):
        Binding.objects.update(ended_at=timezone.now())
    assert olga.post(f"/account/tenants/{acme.pk}/reopen/").status_code == 403
    assert row(acme).status == "closed"


def test_reopening_asks_again_who_one_is(acme: Tenant, olga: Client) -> None:
    close(olga)
    answer = left_open(olga).post(f"/account/tenants/{acme.pk}/reopen/")
    assert "reauthenticate" in answer["Location"]
    assert row(acme).status == "closed"


def test_after_thirty_days_the_page_says_whom_to_ask(acme: Tenant, olga: Client) -> None:
    close(olga)
    with system_context():
        Tenant.objects.filter(pk=acme.pk).update(closed_at=timezone.now() - timedelta(days=30, minutes=1))
    path = f"/account/tenants/{acme.pk}/reopen/"
    assert "stays closed" in olga.get(path).text
    assert olga.post(path).status_code == 409
    assert path not in olga.get("/t/acme-corp/").text
    assert row(acme).status == "closed"


def test_a_stranger_learns_nothing_of_a_closed_tenant(acme: Tenant, olga: Client) -> None:
    close(olga)
    stranger = cast.signed_in(cast.person("sid@example.test"))
    assert stranger.get(f"/account/tenants/{acme.pk}/reopen/").status_code == 404
    assert stranger.get("/t/acme-corp/").status_code == 404


# --- another tenant, and what a plan allows --------------------------------------------------------------------------


def test_anybody_with_a_verified_address_opens_another_tenant(olga: Client) -> None:
    assert "/account/tenants/new/" in olga.get("/account/tenants/").text
    answer = olga.post("/account/tenants/new/", {"name": "Blue Harbor"})
    assert answer["Location"] == "/t/blue-harbor/"
    assert olga.get("/t/blue-harbor/settings/").status_code == 200
    assert olga.post("/account/tenants/new/", {"name": "B", "slug": "acme-corp"}).status_code == 409
    assert olga.post("/account/tenants/new/", {"name": "", "slug": "fine"}).status_code == 422
    assert olga.post("/account/tenants/new/", {"name": "B", "slug": "not fine"}).status_code == 422
    new = cast.signed_in(cast.person("new@example.test", verified=False))
    assert new.post("/account/tenants/new/", {"name": "Mine"}).status_code == 422


def test_too_many_new_tenants_are_a_429_that_says_when(acme: Tenant, olga: Client) -> None:
    for number in range(OPENINGS - 1):
        assert olga.post("/account/tenants/new/", {"name": f"Number {number}"}).status_code == 302
    refused = olga.post("/account/tenants/new/", {"name": "One more"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 3_000


def test_the_form_of_a_new_application_says_that_the_plan_is_full(
    acme: Tenant, olga: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plans.ALLOWS["free"], plans.APPLICATIONS, 1)
    cast.application(acme, "first")
    form = {
        "name": "second",
        "kind": "api",
        "resource_uri": "http://localhost:9876/second",
        "admission": "anyone",
        "scopes-TOTAL_FORMS": "0",
        "scopes-INITIAL_FORMS": "0",
    }
    refused = olga.post("/t/acme-corp/applications/new/", form)
    assert refused.status_code == 409, refused.text[:2000]
    assert "The Free plan allows 1 Applications; 1 are in use" in refused.text
    assert "Limit reached." in olga.get(GENERAL).text


def test_the_installations_administrator_changes_a_plan(acme: Tenant, capsys: Any) -> None:
    from django.core.management import CommandError, call_command

    call_command("plan", "acme-corp", "business", reason="invoice 12")
    assert row(acme).plan == "business"
    assert "end users: 0 without a limit" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no tenant"):
        call_command("plan", "never-was")


def test_nobody_raises_their_own_plan_on_any_road(acme: Tenant, olga: Client) -> None:
    for path, form in (("name/", {"name": "N", "plan": "pro"}), ("slug/", {"slug": "acme", "plan": "pro"})):
        olga.post(f"{GENERAL}{path}", form)
    assert row(acme).plan == "free"
    assert operations.change_plan  # exists, and no view calls it
