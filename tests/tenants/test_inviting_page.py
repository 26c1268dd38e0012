"""Inviting from the Team page: the form, the pending list, a new link, taking one back; and the team as a file."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs.models import Job
from tenants.models import Invitation
from tests import cast
from tests.console.test_confirming import age

pytestmark = pytest.mark.django_db
TEAM = "/t/acme-corp/settings/team/"


@pytest.fixture
def acme() -> Any:
    return cast.open_tenant()


@pytest.fixture
def olga(acme: Any) -> Any:
    return cast.signed_in(cast.owner_of(acme))


def invitations(acme: Any) -> dict[str, Invitation]:
    with tenant_context(acme.id):
        return {row.email: row for row in Invitation.objects.all()}


def invite(browser: Any, emails: str, **more: str) -> Any:
    return browser.post(f"{TEAM}invite/", {"emails": emails, "type": "member", **more}, follow=True)


def test_many_pasted_addresses_are_invited_at_once_and_stand_in_the_pending_list(
    acme: Any, olga: Any
) -> None:
    cast.member(acme, "alice@acme.example")
    page = invite(olga, "Nina@partner.example,\nbo@partner.example; alice@acme.example", message="Welcome")
    assert "2 addresses are invited" in page.text
    assert "Of the team already: alice@acme.example" in page.text
    assert set(invitations(acme)) == {"nina@partner.example", "bo@partner.example"}
    assert invitations(acme)["bo@partner.example"].message == "Welcome"
    page = olga.get(TEAM).text
    for shown in ("Pending invitations", "nina@partner.example", "in 7 days", "Olga, "):
        assert shown in page, shown


@pytest.mark.parametrize(
    "emails", ["", "  ", "not-an-address", "a@b", "x@y.example\x00", "a@b.example, nobody"]
)
def test_what_is_no_address_is_a_422_beside_the_field(acme: Any, olga: Any, emails: str) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = olga.post(f"{TEAM}invite/", {"emails": emails, "type": "member"}, headers=headers)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert invitations(acme) == {}


def test_inviting_an_owner_asks_who_one_is_when_that_was_long_ago(acme: Any, olga: Any) -> None:
    typed = {"emails": "nina@partner.example", "type": "owner", "message": "typed with care"}
    age(olga)
    asked = olga.post(f"{TEAM}invite/", typed, headers={"Referer": f"http://testserver{TEAM}invite/"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert invitations(acme) == {}
    page = olga.post(asked["Location"], {"password": cast.PASSWORD}, follow=True).text
    assert "typed with care" in page
    assert "nina@partner.example is invited" in invite(olga, **typed).text
    age(olga)
    link = f"{TEAM}invitations/{invitations(acme)['nina@partner.example'].pk}/"
    assert olga.post(f"{link}resend/")["Location"].startswith("/accounts/reauthenticate/")
    assert "is taken back" in olga.post(f"{link}revoke/", follow=True).text
    assert "bo@partner.example is invited" in invite(olga, "bo@partner.example").text


def test_only_who_makes_owners_invites_one_and_only_who_may_invite_sees_the_form(
    acme: Any, olga: Any
) -> None:
    adam = cast.signed_in(cast.member(acme, "adam@acme.example", "admin"))
    assert 'value="owner"' not in adam.get(f"{TEAM}invite/").text
    assert adam.post(f"{TEAM}invite/", {"emails": "n@p.example", "type": "owner"}).status_code == 422
    assert 'value="owner"' in olga.get(f"{TEAM}invite/").text
    rita = cast.signed_in(cast.member(acme, "rita@audit.example", "readonly_auditor"))
    invite(olga, "nina@partner.example")
    page = rita.get(TEAM).text
    assert "Send invitation" not in page
    assert "nina@partner.example" in page
    assert "Resend" not in page
    assert rita.post(f"{TEAM}invite/", {"emails": "n@p.example", "type": "member"}).status_code == 403


def test_resending_rotates_the_link_and_revoking_takes_it_out_of_the_list(acme: Any, olga: Any) -> None:
    invite(olga, "nina@partner.example")
    before = invitations(acme)["nina@partner.example"]
    assert "stops working" in olga.get(f"{TEAM}invitations/{before.pk}/resend/").text
    page = olga.post(f"{TEAM}invitations/{before.pk}/resend/", follow=True)
    assert "nina@partner.example has a new link" in page.text
    after = invitations(acme)["nina@partner.example"]
    assert after.token_digest != before.token_digest
    assert "You can invite this address again" in olga.get(f"{TEAM}invitations/{before.pk}/revoke/").text
    page = olga.post(f"{TEAM}invitations/{before.pk}/revoke/", {"reason": "mistaken"}, follow=True)
    assert "Pending invitations" not in page.text
    with tenant_context(acme.id):
        assert Event.objects.get(action="invitation.revoked").reason == "mistaken"
    refused = olga.post(f"{TEAM}invitations/{before.pk}/resend/")
    assert refused.status_code == 409
    assert "taken back" in refused.text


def test_expired_ones_and_those_that_no_server_took_are_told_apart(acme: Any, olga: Any) -> None:
    invite(olga, "nina@partner.example bo@partner.example")
    now = timezone.now()
    with tenant_context(acme.id):
        Invitation.objects.filter(email="nina@partner.example").update(expires_at=now - timedelta(days=1))
        Invitation.objects.filter(email="bo@partner.example").update(
            sent_at=None, expires_at=now + timedelta(hours=30)
        )
    page = olga.get(TEAM).text
    for shown in ("Expired", "Not sent", 'class="soon"'):
        assert shown in page, shown


def test_nobody_elses_invitations_are_here(acme: Any, olga: Any) -> None:
    cast.open_tenant("alex-tools", "alex@alex-tools.example")
    alex = cast.signed_in(cast.person("alex@alex-tools.example"))
    invite(olga, "nina@partner.example")
    row = invitations(acme)["nina@partner.example"]
    for change in ("resend", "revoke"):
        assert alex.post(f"/t/alex-tools/settings/team/invitations/{row.pk}/{change}/").status_code == 404
        assert olga.get(f"{TEAM}invitations/{uuid4()}/{change}/").status_code == 404


def test_who_left_is_invited_again_from_their_page(acme: Any, olga: Any) -> None:
    alice = cast.member(acme, "alice@acme.example")
    olga.post(f"{TEAM}{alice.id}/remove/")
    assert "invite/?email=alice%40acme.example" in olga.get(f"{TEAM}{alice.id}/").text
    assert "alice@acme.example</textarea>" in olga.get(f"{TEAM}invite/?email=alice%40acme.example").text


def test_the_export_holds_exactly_who_is_shown(acme: Any, olga: Any) -> None:
    from tenants import jobs

    cast.member(acme, "alice@acme.example", name="=cmd()")
    cast.member(acme, "rita@audit.example", "readonly_auditor")
    assert "Export 1 person" in olga.get(f"{TEAM}?type=member").text
    answer = olga.post(f"{TEAM}export/?type=member")
    assert answer.status_code == 302
    with tenant_context(acme.id):
        job = Job.objects.get(kind=jobs.EXPORT)
        out = io.BytesIO()
        assert jobs._step(job, out).done == 1
    head, row = out.getvalue().decode().splitlines()
    assert head.startswith("user_id,name,email,type,status")
    assert "alice@acme.example,member,active" in row
    assert ",'=cmd()," in row
    assert olga.post(f"{TEAM}export/?type=emperor").status_code == 400
