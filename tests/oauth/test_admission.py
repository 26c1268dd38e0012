"""Who is let in at the authorize page: admission, suspension, client policy, a proven address."""

import pytest
from django.conf import settings
from django.test import Client as Browser

from authsec.database.context import system_context, tenant_context
from authz.models import Application
from endusers.models import EndUser
from oauth.models import ClientPolicy
from tests import cast
from tests.oauth.world import ED, nothing_written, public_client, redirected, world

pytestmark = pytest.mark.django_db


def error(response: object) -> str:
    answer = redirected(response)
    assert answer["iss"] == settings.ISSUER, "RFC 9207 §2: iss on error responses too"
    assert answer["state"] == "st-1"
    assert "code" not in answer
    return answer["error"]


def test_members_only_and_listed_applications_say_so() -> None:
    it = world()
    url, _ = it.query()
    for admission in ("members", "listed"):
        with tenant_context(it.tenant.id):
            Application.objects.update(admission=admission)
        answer = it.signed_in(ED).get(url)
        assert answer.status_code == 403
        assert nothing_written(it, ED)
    cast.end_user(it.tenant, ED)
    assert it.signed_in(ED).get(url).status_code == 200
    with tenant_context(it.tenant.id):
        Application.objects.update(admission="members")
    assert it.signed_in(ED).get(url).status_code == 403


def test_an_unverified_application_serves_its_own_members_only() -> None:
    it = world()
    with tenant_context(it.tenant.id):
        Application.objects.update(verified_at=None)
    url, _ = it.query()
    assert error(it.signed_in(ED).get(url)) == "invalid_target"
    assert it.signed_in("owner@acme-corp.example").get(url).status_code == 200
    assert Browser().get(url).status_code == 302


def test_a_suspended_person_is_told_so_on_a_page() -> None:
    it = world()
    end_user = cast.end_user(it.tenant, ED)
    with tenant_context(it.tenant.id):
        EndUser.objects.filter(pk=end_user.pk).update(status="suspended", suspended_at=end_user.created_at)
    url, _ = it.query()
    for answer in (
        it.signed_in(ED).get(url),
        it.signed_in(ED).post(url, {"action": "allow", "scopes": ["read"]}),
    ):
        assert answer.status_code == 403
        assert "suspended" in answer.content.decode()
    url, _ = it.query(prompt="none")
    assert error(it.signed_in(ED).get(url)) == "access_denied"


def test_a_client_under_review_waits_and_goes_on_once_approved() -> None:
    from django.utils import timezone

    from authsec.audit.actor import SYSTEM
    from oauth.clients import creation as clients

    it = world()
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.create(tenant=it.tenant, registration_policy="review")
    browser = it.signed_in(ED)
    url, _ = it.query()
    page = browser.get(url)
    assert page.status_code == 200
    assert "waits for approval" in page.content.decode()
    assert 'http-equiv="refresh"' in page.content.decode()
    decided = {"tenant_id": it.tenant.id, "client_id": it.client.pk, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        clients.approve(**decided)
    assert 'name="scopes"' in browser.get(url).content.decode()
    with tenant_context(it.tenant.id):
        clients.deny(**decided)
    assert browser.get(url).status_code == 403


def test_an_allow_list_lets_only_listed_hosts_in() -> None:
    it = world()
    it.client = public_client(redirect_uris=["https://app.claude.example/callback"])
    with tenant_context(it.tenant.id):
        policy = ClientPolicy.objects.create(tenant=it.tenant, registration_policy="allow_list")
    url, _ = it.query(redirect_uri="https://app.claude.example/callback")
    assert it.signed_in(ED).get(url).status_code == 403
    with tenant_context(it.tenant.id):
        policy.allowed_hosts = ["app.claude.example"]
        policy.save()
    assert it.signed_in(ED).get(url).status_code == 200


def test_an_unverified_address_gives_nothing() -> None:
    it = world()
    cast.person("new@consumer.example", verified=False)
    url, _ = it.query()
    answer = it.signed_in("new@consumer.example").post(url, {"action": "allow", "scopes": ["read"]})
    assert answer.status_code == 403
    assert nothing_written(it, "new@consumer.example")


def test_a_disabled_client_is_unknown() -> None:
    it = world()
    with system_context():
        from django.utils import timezone

        it.client.disabled_at = timezone.now()
        it.client.save()
    url, _ = it.query()
    assert Browser().get(url).status_code == 400
