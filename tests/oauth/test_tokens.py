"""The token endpoint: exchange, refresh, rotation, reuse, service accounts, and what is refused."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz.models import Binding
from endusers import operations as endusers
from oauth import cleanup, clients, consent, keys
from oauth.models import AccessToken, Client, Consent, Grant, RefreshToken
from tests import cast
from tests.oauth.world import basic, public_client, world

pytestmark = pytest.mark.django_db
ED = "ed@consumer.example"


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


def test_an_expired_code_is_refused() -> None:
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


def test_a_family_ends_however_often_it_is_used() -> None:
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


def test_refresh_never_exceeds_consent() -> None:
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


# --- service accounts -----------------------------------------------------------------------------


def account(it: Any) -> tuple[Client, str, Any]:
    robot = cast.service_account(it.tenant, "release-bot")
    with tenant_context(it.tenant.id):
        client, secret = clients.create_for_service_account(
            tenant_id=it.tenant.id,
            service_account_id=robot.pk,
            name="release-bot",
            actor=SYSTEM,
            now=timezone.now(),
        )
    return client, secret, robot


def test_a_service_account_gets_a_token_of_its_own() -> None:  # RFC 6749 §4.4
    it = world()
    client, secret, robot = account(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    refused(it.post(form, **basic(client.client_id, secret)), "invalid_scope")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    answer = it.post(form | {"scope": "run write"}, **basic(client.client_id, secret)).json()
    assert answer["scope"] == "run"
    assert "refresh_token" not in answer
    facts = it.facts(answer["access_token"])
    assert facts["sub"] == str(robot.id)
    assert facts["username"] == "release-bot"
    assert "auth_time" not in facts
    posted = it.post(form | {"scope": "run", "client_id": client.client_id, "client_secret": secret})
    assert posted.status_code == 200
    for wrong in (basic(client.client_id, "wrong"), basic("unknown", secret), {"Authorization": "Basic !"}):
        answer = it.post(form, **wrong)
        refused(answer, "invalid_client", 401)
        assert answer["WWW-Authenticate"].startswith("Basic")
    refused(it.post(form | {"resource": None}, **basic(client.client_id, secret)), "invalid_target")
    refused(
        it.post(form | {"resource": "http://localhost/x"}, **basic(client.client_id, secret)),
        "invalid_target",
    )
    both = {"client_id": client.client_id, "client_secret": secret}
    refused(it.post(form | both, **basic(client.client_id, secret)), "invalid_request")


def test_a_service_accounts_management_token_is_a_jwt() -> None:  # RFC 9068
    it = world()
    client, secret, robot = account(it)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": settings.API_RESOURCE}
    answer = it.post(form | {"scope": "api:read"}, **basic(client.client_id, secret)).json()
    claims = keys.verify(answer["access_token"], settings.API_RESOURCE)
    assert claims["sub"] == str(robot.id)
    assert claims["scope"] == "api:read"
    assert str(it.tenant.id) in claims["tenants"]
    assert it.count() == (0, 0, 0)


def test_nobody_else_may_use_client_credentials() -> None:
    it = world()
    form: dict[str, str | None] = {"grant_type": "client_credentials", "resource": it.resource}
    refused(it.post(form | {"client_id": it.client.client_id}), "unauthorized_client")


def test_a_person_reaches_the_management_api_through_a_client_approved_for_it() -> None:
    it = world()
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(api_access=True)
    it.client.refresh_from_db()
    browser = it.signed_in("owner@acme-corp.example")
    code, verifier = it.consent(browser, resource=settings.API_RESOURCE, scope="api:read api:write")
    answer = it.exchange(code, verifier, resource=settings.API_RESOURCE).json()
    claims = keys.verify(answer["access_token"], settings.API_RESOURCE)
    assert claims["tenants"][str(it.tenant.id)]["type"] == "owner"
    again = it.refresh(answer["refresh_token"]).json()
    assert keys.verify(again["access_token"], settings.API_RESOURCE)["sub"] == claims["sub"]
    refused(it.refresh(answer["refresh_token"]), "invalid_grant")
    refused(it.refresh(again["refresh_token"]), "invalid_grant")


# --- the wire -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"grant_type=refresh_token&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"a=1&" * 500, "application/x-www-form-urlencoded"),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"a" * 70_000, "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_proper_form_is_a_400(path: str, body: bytes, media: str) -> None:
    answer = Browser().post(path, body, content_type=media)
    assert answer.status_code in (400, 401, 413)
    assert answer.json()["error"]


def test_a_get_and_parameters_in_the_url_are_refused() -> None:  # RFC 6749 §3.2
    assert Browser().get("/oauth/token").status_code == 405
    answer = Browser().post(
        "/oauth/token?client_secret=x", "a=b", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


def test_browsers_of_any_origin_may_use_token_revoke_and_register_but_not_authorize() -> None:
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/register"):
        answer = Browser().options(path, headers={"Origin": "https://app.example"})
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Origin"] == "*"
    for path in ("/oauth/authorize", "/oauth/introspect"):
        assert "Access-Control-Allow-Origin" not in Browser().options(
            path, headers={"Origin": "https://a.example"}
        )


# --- cost -----------------------------------------------------------------------------------------


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was sent besides BEGIN, settings and COMMIT."""
    told = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [query["sql"] for query in captured if not query["sql"].upper().startswith(told)]


def test_exchange_refresh_and_client_credentials_stay_within_their_statements() -> None:  # performance.md
    it = world()
    client, secret, robot = account(it)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), robot, it.application)
    code, verifier = it.consent(it.signed_in(ED))
    with CaptureQueriesContext(connection) as exchange:
        token = it.exchange(code, verifier).json()["refresh_token"]
    with CaptureQueriesContext(connection) as refresh:
        assert it.refresh(token).status_code == 200
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": it.resource,
        "scope": "run",
    }
    with CaptureQueriesContext(connection) as credentials:
        assert it.post(form, **basic(client.client_id, secret)).status_code == 200
    assert len(statements(exchange)) <= 4, statements(exchange)
    assert len(statements(refresh)) <= 4, statements(refresh)
    assert len(statements(credentials)) <= 3, statements(credentials)


def test_what_is_over_is_deleted_in_batches() -> None:
    it = world()
    for _ in range(3):
        it.tokens(it.signed_in(ED))
    later = timezone.now() + timedelta(days=2)
    assert cleanup.delete_expired(now=timezone.now(), batch=2) == dict.fromkeys(cleanup.KEPT, 0)
    deleted = cleanup.delete_expired(now=later, batch=2)
    assert deleted == {"oauth_grant": 3, "oauth_accesstoken": 3, "oauth_refreshtoken": 0}
    assert cleanup.delete_expired(now=later + timedelta(days=90), batch=2)["oauth_refreshtoken"] == 3
