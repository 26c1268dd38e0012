"""Invitations through the API: what is answered to whom, with which problem type."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import TestCase
from django.utils import timezone

from authsec.database.context import tenant_context
from tenants.models import Invitation, Tenant
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.tenants.browser import link_to, mails

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.EMAIL_BACKEND = "authsec.outbox.OutboxBackend"


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant(name="Acme Corp", plan="business")


@pytest.fixture
def olga(acme: Tenant) -> Api:
    return Api(token_of(cast.owner_of(acme)))


def send(api: Api, method: str, path: str, body: Any = None) -> Any:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return api(method, path, body)


def invite(api: Api, tenant: Tenant, **body: Any) -> Any:
    return send(api, "POST", f"/api/orgs/{tenant.pk}/invite", body)


def api_link(address: str) -> str:
    return "/api" + link_to(address).rstrip("/")


def test_inviting_answers_201_without_the_token(acme: Tenant, olga: Api) -> None:
    answer = invite(olga, acme, email="Nina@New.example", role="viewer", message="Hello")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["email"], body["role"], body["type"]) == ("nina@new.example",) + ("readonly_auditor",) * 2
    assert (body["state"], body["outcome"]) == ("pending", "sent")
    token = link_to("nina@new.example").split("/")[2]
    assert token.encode() not in answer.content
    listed = olga.get(f"/api/orgs/{acme.pk}/invitations?state=pending").json()
    assert [item["id"] for item in listed["items"]] == [body["id"]]
    assert listed["items"][0]["sent_at"]
    assert "token" not in str(listed)


def test_several_are_answered_in_their_order(acme: Tenant, olga: Api) -> None:
    cast.member(acme, "alice@acme.example")
    answer = invite(
        olga, acme, emails=["b@new.example", "alice@acme.example", "a@new.example"], role="member"
    )
    outcomes = [(item["email"], item["outcome"]) for item in answer.json()["items"]]
    assert outcomes == [
        ("b@new.example", "sent"),
        ("alice@acme.example", "member"),
        ("a@new.example", "sent"),
    ]
    assert problem(invite(olga, acme, email="alice@acme.example", role="member")) == (409, "already-member")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.example"},
        {"role": "member"},
        {"email": "a@b.example", "emails": ["a@b.example"], "role": "member"},
        {"email": "nobody", "role": "member"},
        {"email": "a@b.example", "role": "king"},
        {"emails": [], "role": "member"},
        {"emails": [f"a{n}@b.example" for n in range(51)], "role": "member"},
        {"email": "a@b.example", "role": "member", "message": "x" * 501},
        {"email": "a@b.example", "role": "member", "token": "mine"},
    ],
)
def test_a_wrong_body_is_422(acme: Tenant, olga: Api, body: Any) -> None:
    assert problem(invite(olga, acme, **body)) == (422, "invalid")


def test_an_admin_invites_no_owner(acme: Tenant) -> None:
    adam = Api(token_of(cast.member(acme, "adam@acme.example", "admin")))
    assert problem(invite(adam, acme, email="a@new.example", role="owner")) == (403, "escalation")
    assert invite(adam, acme, email="a@new.example", role="admin").status_code == 201


def test_a_removed_admin_invites_nobody_with_a_token_that_is_still_valid(acme: Tenant) -> None:
    adam = cast.member(acme, "adam@acme.example", "admin")
    api = Api(token_of(adam))
    from authsec.audit.actor import SYSTEM
    from tenants import operations

    with tenant_context(acme.id):
        operations.remove_member(
            tenant_id=acme.id, user_id=adam.pk, actor=SYSTEM, now=timezone.now(), reason=""
        )
    assert problem(invite(api, acme, email="a@new.example", role="member")) == (403, "membership-left")


def test_the_link_tells_before_sign_in_who_invites_to_what_and_no_more(acme: Tenant, olga: Api) -> None:
    cast.person("known@people.example")
    for address in ("known@people.example", "unknown@people.example"):
        invite(olga, acme, email=address, role="contractor", message="Hello")
    known, unknown = (Api().get(api_link(f"{who}@people.example")).json() for who in ("known", "unknown"))
    assert known == unknown | {"email": "known@people.example", "expires_at": known["expires_at"]}
    assert known["tenant"] == {"name": "Acme Corp"}
    assert (known["type"], known["message"], known["state"]) == ("contractor", "Hello", "pending")
    assert known["invited_by"]["name"]
    assert problem(Api().get("/api/invitations/" + "x" * 43)) == (404, "not-found")


def test_accepting_answers_all_that_a_client_needs(acme: Tenant, olga: Api) -> None:
    invite(olga, acme, email="nina@new.example", role="contractor")
    nina = cast.person("nina@new.example")
    api = Api(token_of(nina))
    answer = api.post(f"{api_link('nina@new.example')}/accept")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["tenant"] == {
        "id": str(acme.pk),
        "slug": "acme-corp",
        "name": "Acme Corp",
        "plan": "business",
    }
    assert (body["membership"]["type"], body["membership"]["status"]) == ("contractor", "active")
    assert body["token_refresh_required"] is True
    assert problem(api.get(f"/api/orgs/{acme.pk}/members")) == (403, "tenant-not-in-token")
    assert problem(api.post(f"{api_link('nina@new.example')}/accept")) == (409, "invitation-used")
    assert problem(Api().get(api_link("nina@new.example"))) == (409, "invitation-used")


def test_who_may_not_accept_hears_why(acme: Tenant, olga: Api) -> None:
    invited = invite(olga, acme, email="nina@new.example", role="member").json()
    path = f"{api_link('nina@new.example')}/accept"
    assert problem(Api().post(path)) == (401, "unauthenticated")
    other = token_of(cast.person("other@new.example"))
    assert problem(Api(other).post(path)) == (403, "email-mismatch")
    reading = token_of(cast.person("nina@new.example"), ["api:read"])
    assert problem(Api(reading).post(path)) == (403, "insufficient-scope")
    bot = cast.service_account(acme, "release-bot")
    assert problem(Api(token_of(bot)).post(path)) == (403, "forbidden")
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        late = token_of(cast.person("nina@new.example"))
        assert problem(Api(late).post(path)) == (410, "invitation-expired")
        assert problem(Api().get(path.removesuffix("/accept"))) == (410, "invitation-expired")
    one = f"/api/orgs/{acme.pk}/invitations/{invited['id']}"
    assert send(olga, "DELETE", one).status_code == 204
    assert send(olga, "DELETE", one).status_code == 204
    nina = token_of(cast.person("nina@new.example"))
    assert problem(Api(nina).post(path)) == (410, "invitation-revoked")
    assert problem(Api().get(path.removesuffix("/accept"))) == (410, "invitation-revoked")


def test_resending_kills_the_old_link(acme: Tenant, olga: Api) -> None:
    invited = invite(olga, acme, email="nina@new.example", role="member").json()
    old = api_link("nina@new.example")
    answer = send(olga, "POST", f"/api/orgs/{acme.pk}/invitations/{invited['id']}/resend", {})
    assert answer.status_code == 200
    assert len(mails("nina@new.example")) == 2
    assert api_link("nina@new.example") != old
    assert problem(Api().get(old)) == (404, "not-found")
    assert Api().get(api_link("nina@new.example")).status_code == 200


def test_beyond_the_limit_it_says_when_to_try_again(acme: Tenant, olga: Api, settings: Any) -> None:
    settings.INVITATIONS_PER_HOUR = 1
    assert invite(olga, acme, email="a@new.example", role="member").status_code == 201
    answer = invite(olga, acme, email="b@new.example", role="member")
    assert problem(answer) == (429, "throttled")
    assert 3_500 < int(answer["Retry-After"]) <= 3_601
    with tenant_context(acme.id):
        assert Invitation.objects.count() == 1


def test_no_log_line_holds_a_link(acme: Tenant, olga: Api) -> None:
    from django.conf import settings as configured

    from authsec.logs import WithoutLinks

    invite(olga, acme, email="nina@new.example", role="member")
    path = link_to("nina@new.example")
    for place in (path, f"/accounts/signup/?next={path}", f"/x?next=%2Finvitations%2F{path[13:-1]}%2F"):
        record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Gone: %s", (place,), None)
        assert WithoutLinks().filter(record)
        assert path[13:-1] not in record.getMessage()
        assert "nvitations" in record.getMessage()
    assert configured.LOGGING["handlers"]["console"]["filters"] == ["without_links"]
