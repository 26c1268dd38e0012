"""The token endpoint: exchange, refresh, rotation, reuse, service accounts, and what is refused."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.models import Binding
from endusers import operations as endusers
from oauth import consent
from oauth.clients import creation as clients
from oauth.models import AccessToken, Consent, Grant, RefreshToken
from tests import cast
from tests.oauth.world import ED, public_client, world

pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == code
    assert answer["Cache-Control"] == "no-store"  # RFC 6749 §5.1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "as_ac_wrong"}, "invalid_grant"),
        ({"code": "x\udcff".encode("utf-8", "replace").decode()}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": "a" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8/callback"}, "invalid_grant"),
        ({"resource": "http://localhost:9101/other"}, "invalid_target"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
def test_a_wrong_exchange_is_refused_and_uses_nothing_up(changes: dict[str, Any], code: str) -> None:
    it = world()
    value, verifier = it.consent(it.signed_in(ED))
    refused(it.exchange(**{"code": value, "verifier": verifier} | changes), code)
    assert it.exchange(value, verifier).status_code == 200


def test_a_code_is_its_clients_alone() -> None:  # RFC 6749 §4.1.3
    it = world()
    value, verifier = it.consent(it.signed_in(ED))
    other = public_client("Other")
    refused(it.exchange(value, verifier, client_id=other.client_id), "invalid_grant")
    assert it.exchange(value, verifier).status_code == 200


def test_a_replayed_code_revokes_the_tokens_that_it_gave() -> None:  # RFC 6749 §4.1.2
    it = world()
    value, verifier = it.consent(it.signed_in(ED))
    first = it.exchange(value, verifier).json()
    refreshed = it.refresh(first["refresh_token"]).json()
    assert it.facts(refreshed["access_token"])["active"]
    refused(it.exchange(value, verifier), "invalid_grant")
    for answer in (first, refreshed):
        assert it.facts(answer["access_token"]) == {"active": False}
    refused(it.refresh(refreshed["refresh_token"]), "invalid_grant")


def test_an_expired_code_is_refused() -> None:  # RFC 6749 §4.1.2
    it = world()
    value, verifier = it.consent(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        Grant.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(it.exchange(value, verifier), "invalid_grant")


def test_secrets_codes_and_tokens_are_kept_as_digests_only() -> None:
    it = world()
    value, verifier = it.consent(it.signed_in(ED))
    answer = it.exchange(value, verifier).json()
    assert answer["access_token"].startswith("as_at_")
    assert answer["refresh_token"].startswith("as_rt_")
    assert "." not in answer["access_token"]
    with tenant_context(it.tenant.id):
        kept = repr([list(model.objects.values()) for model in (Grant, AccessToken, RefreshToken)])
    for secret in (value, answer["access_token"], answer["refresh_token"]):
        assert secret not in kept


def test_refresh_rotates_and_reuse_revokes_the_family() -> None:  # RFC 9700 §4.14.2
    it = world()
    first = it.tokens(it.signed_in(ED))
    second = it.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert it.facts(second["access_token"])["active"]
    refused(it.refresh(first["refresh_token"]), "invalid_grant")
    assert it.facts(second["access_token"]) == {"active": False}
    refused(it.refresh(second["refresh_token"]), "invalid_grant")


def test_a_confidential_clients_refresh_token_stays_and_slides() -> None:
    """RFC 9700 §4.14.2: bound to the client by its secret."""
    it = world()
    registration = clients.read_registration(
        {
            "client_name": "Server",
            "redirect_uris": ["http://127.0.0.1:7/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
        }
    )
    it.client, secret = clients.register_public(registration, now=timezone.now())
    value, verifier = it.consent(it.signed_in(ED))
    refused(it.exchange(value, verifier), "invalid_client", 401)
    first = it.exchange(value, verifier, client_secret=secret).json()
    with tenant_context(it.tenant.id):
        RefreshToken.objects.update(expires=timezone.now() + timedelta(hours=1))
    second = it.refresh(first["refresh_token"], client_secret=secret).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert it.facts(second["access_token"])["active"]
    with tenant_context(it.tenant.id):
        assert RefreshToken.objects.get().expires > timezone.now() + timedelta(days=29)


def test_a_family_ends_however_often_it_is_used() -> None:  # RFC 9700 §4.14.2
    it = world()
    first = it.tokens(it.signed_in(ED))
    ends = timezone.now() + timedelta(days=2)
    with tenant_context(it.tenant.id):
        assert RefreshToken.objects.get().family_expires > timezone.now() + timedelta(days=89)
        RefreshToken.objects.update(family_expires=ends)
    second = it.refresh(first["refresh_token"]).json()
    with tenant_context(it.tenant.id):
        assert RefreshToken.objects.get(revoked__isnull=True).expires == ends
        RefreshToken.objects.update(family_expires=timezone.now() - timedelta(seconds=1))
    refused(it.refresh(second["refresh_token"]), "invalid_grant")


def test_who_did_not_register_for_refresh_gets_no_refresh_token() -> None:  # RFC 7591 §2
    it = world()
    it.client = public_client(grant_types=["authorization_code"])
    assert "refresh_token" not in it.tokens(it.signed_in(ED))


def test_refresh_while_suspended_leaves_everything_as_it_is() -> None:  # Rule 3
    it = world()
    first = it.tokens(it.signed_in(ED))
    old = it.refresh(first["refresh_token"]).json()["refresh_token"]
    user_id = it.facts(first["access_token"])["sub"]
    moment = {"tenant_id": it.tenant.id, "user_id": user_id, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        endusers.suspend(reason="leak", **moment)
        before = (
            list(RefreshToken.objects.order_by("id").values()),
            list(AccessToken.objects.order_by("id").values()),
        )
    assert it.facts(first["access_token"]) == {"active": False}
    for token in (old, first["refresh_token"]):
        refused(it.refresh(token), "invalid_grant")
    with tenant_context(it.tenant.id):
        after = (
            list(RefreshToken.objects.order_by("id").values()),
            list(AccessToken.objects.order_by("id").values()),
        )
        assert after == before
        endusers.reactivate(**moment)
    assert it.facts(first["access_token"])["active"]
    assert it.refresh(old).status_code == 200


def test_a_code_of_somebody_suspended_meanwhile_waits_unused() -> None:
    it = world()
    cast.end_user(it.tenant, ED)
    value, verifier = it.consent(it.signed_in(ED))
    user_id = cast.user_of(it.tenant, ED).id
    moment = {"tenant_id": it.tenant.id, "user_id": user_id, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        endusers.suspend(reason="leak", **moment)
    refused(it.exchange(value, verifier), "invalid_grant")
    with tenant_context(it.tenant.id):
        endusers.reactivate(**moment)
    assert it.exchange(value, verifier).status_code == 200


def test_refresh_starts_from_what_consent_gave_and_a_regained_binding_comes_back() -> None:  # Rule 5
    it = world()
    first = it.tokens(it.signed_in(ED), scope="read write")
    with tenant_context(it.tenant.id):
        Binding.objects.filter(plan_tier__isnull=False).update(ended_at=timezone.now())
    facts = it.facts(first["access_token"])
    assert facts["active"] is True
    assert facts["scope"] == ""
    assert facts["scope_filtered"] is True
    refused(it.refresh(first["refresh_token"]), "invalid_scope")
    assert it.count() == (1, 1, 0)
    with tenant_context(it.tenant.id):
        Binding.objects.filter(plan_tier__isnull=False).update(ended_at=None)
    second = it.refresh(first["refresh_token"], scope="read").json()
    assert second["scope"] == "read"
    third = it.refresh(second["refresh_token"]).json()
    assert set(third["scope"].split()) == {"read", "write"}


def test_a_refresh_for_openid_scopes_alone_counts_as_one_without_scope() -> None:  # Rule 5
    it = world()
    first = it.tokens(it.signed_in(ED), scope="read offline_access")
    assert it.refresh(first["refresh_token"], scope="openid offline_access").json()["scope"] == "read"


def test_refresh_never_exceeds_consent() -> None:  # RFC 6749 §6
    it = world()
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), cast.tier(it.tenant), it.application)
    first = it.tokens(it.signed_in(ED), scope="read run", only=["read"])
    assert it.refresh(first["refresh_token"]).json()["scope"] == "read"
    first = it.tokens(it.signed_in("flo@consumer.example"), scope="read")
    refused(it.refresh(first["refresh_token"], scope="read run"), "invalid_scope")


def test_withdrawn_consent_kills_the_tokens_at_once_and_for_good() -> None:
    it = world()
    first = it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        one = Consent.objects.get()
        consent.withdraw(tenant_id=it.tenant.id, consent_id=one.pk, actor=SYSTEM, now=timezone.now())
    assert it.facts(first["access_token"]) == {"active": False}
    refused(it.refresh(first["refresh_token"]), "invalid_grant")
    it.tokens(it.signed_in(ED))
    assert it.facts(first["access_token"]) == {"active": False}


def test_a_denied_clients_tokens_are_inactive_from_the_next_call_on() -> None:
    it = world()
    first = it.tokens(it.signed_in(ED))
    decided = {"tenant_id": it.tenant.id, "client_id": it.client.pk, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        clients.deny(**decided)
    assert it.facts(first["access_token"]) == {"active": False}
    refused(it.refresh(first["refresh_token"]), "invalid_grant")
    with tenant_context(it.tenant.id):
        clients.approve(**decided)
    assert it.facts(first["access_token"])["active"]


def test_revocation_ends_the_family_and_tells_nobody_else_anything() -> None:  # RFC 7009 §2
    it = world()
    first = it.tokens(it.signed_in(ED))

    def revoke(token: str, client_id: str) -> Any:
        form = urlencode({"token": token, "client_id": client_id})
        return Browser().post("/oauth/revoke", form, content_type="application/x-www-form-urlencoded")

    assert revoke(first["access_token"], public_client("Other").client_id).status_code == 200
    assert it.facts(first["access_token"])["active"]
    refused(revoke(first["access_token"], "unknown"), "invalid_client", 401)
    assert revoke("unknown", it.client.client_id).status_code == 200
    assert revoke(first["refresh_token"], it.client.client_id).status_code == 200
    assert it.facts(first["access_token"]) == {"active": False}
    refused(it.refresh(first["refresh_token"]), "invalid_grant")


def test_what_ends_tokens_early_stands_in_the_tenants_log_once() -> None:
    """RFC 6749 §4.1.2, RFC 9700 §4.14.2, RFC 7009 §2.1: operators see a replay, and what a client gave back."""
    it = world()
    browser = it.signed_in(ED)
    value, verifier = it.consent(browser)
    it.exchange(value, verifier)
    stolen, unwanted = it.tokens(browser)["refresh_token"], it.tokens(browser)["refresh_token"]
    it.refresh(stolen)
    for _ in range(2):
        refused(it.exchange(value, verifier), "invalid_grant")
        refused(it.refresh(stolen), "invalid_grant")
        form = urlencode({"token": unwanted, "client_id": it.client.client_id})
        Browser().post("/oauth/revoke", form, content_type="application/x-www-form-urlencoded")
    with tenant_context(it.tenant.pk):
        events = Event.objects.filter(tenant_id=it.tenant.pk, action__startswith="tokens.").order_by(
            "at", "pk"
        )
        told = [(event.action, event.actor_kind, event.after.get("what")) for event in events]
        assert {event.after["client"] for event in events} == {it.client.name}
    assert told == [
        ("tokens.replayed", "system", "code"),
        ("tokens.replayed", "system", "refresh token"),
        ("tokens.returned", "client", None),
    ]
