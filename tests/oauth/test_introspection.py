"""Introspection: what one Application learns about its own tokens, and that nobody else learns anything."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz.models import Application, Scope
from endusers.models import EndUser, PlanTier
from oauth import credentials
from oauth.models import AccessToken
from tests import cast
from tests.oauth.world import ED, basic, world

pytestmark = pytest.mark.django_db


def test_the_answer_holds_every_field_of_the_interface() -> None:  # RFC 7662 §2.2
    it = world()
    token = it.tokens(it.signed_in(ED), scope="read write")["access_token"]
    answer = it.introspect(token)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    facts = answer.json()
    assert facts["exp"] - facts["iat"] == 600
    assert facts["nbf"] == facts["iat"]
    assert facts["iss"] == settings.ISSUER
    assert facts["client_id"] == it.client.client_id
    assert facts["token_type"] == "Bearer"
    assert facts["tenant_id"] == str(it.tenant.id)
    assert facts["amr"] == ["pwd"]
    assert abs(facts["auth_time"] - timezone.now().timestamp()) < 120
    assert isinstance(facts["aud"], str)
    assert "scope_filtered" not in facts
    assert "pending" not in facts


def test_an_introspection_is_one_statement() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    with CaptureQueriesContext(connection) as captured:
        it.facts(token)
    assert len([query for query in captured if "introspect(" in query["sql"]]) == 1
    # The rest of what Django's own road sends is BEGIN and its like; ahead of Django there is none of it.
    assert [q["sql"] for q in captured if q["sql"].lower().startswith("select")] == [
        q["sql"] for q in captured if "introspect(" in q["sql"]
    ]


def test_another_applications_or_tenants_credential_learns_nothing() -> None:  # RFC 7662 §2.2, §4
    it, other = world(), world("other")
    sibling = cast.application(it.tenant, "wiki-mcp", ["read"])
    with tenant_context(it.tenant.id):
        pair = credentials.issue(
            tenant_id=it.tenant.id, application_id=sibling.id, actor=SYSTEM, now=timezone.now()
        )
    token = it.tokens(it.signed_in(ED))["access_token"]
    for credential in (pair, other.credential):
        assert it.introspect(token, credential).json() == {"active": False}
    for credential in (
        (it.credential[0], other.credential[1]),
        ("unknown", it.credential[1]),
        ("", ""),
        ("\x00", "x"),
    ):
        answer = it.introspect(token, credential)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic")


def test_basic_is_taken_raw_and_form_encoded() -> None:  # RFC 6749 §2.3.1
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    user, secret = it.credential
    encoded = (quote(user, safe="").replace("_", "%5F"), quote(secret, safe="").replace("-", "%2D"))
    assert it.introspect(token, encoded).json()["active"] is True


def test_a_get_is_refused() -> None:  # RFC 7662 §4
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    answer = Browser().get(f"/oauth/introspect?token={token}", headers=basic(*it.credential))
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"token=a&token=b", 400),
        (b"token=%ff", 400),
        (b"\xff", 400),
        (b"token=a&client_ip=nowhere", 400),
        (b"token=", 400),
        (b"", 400),
        (b"token=%00", 200),
        (b"token=" + b"a" * 10_000, 200),
        (b"token=" + b"a" * 20_000, 413),
    ],
)
def test_bad_input_has_a_reason_and_odd_tokens_are_inactive(body: bytes, status: int) -> None:
    it = world()
    answer = Browser().post(
        "/oauth/introspect",
        body,
        content_type="application/x-www-form-urlencoded",
        headers=basic(*it.credential),
    )
    assert answer.status_code == status
    assert answer.json() == {"active": False} if status == 200 else answer.json()["error"]


def test_json_is_no_form() -> None:
    it = world()
    answer = Browser().post(
        "/oauth/introspect", {}, content_type="application/json", headers=basic(*it.credential)
    )
    assert answer.status_code == 400


def expire(it: Any) -> None:
    AccessToken.objects.update(expires=timezone.now())


def disable(it: Any) -> None:
    Application.objects.update(status="disabled")


def close(it: Any) -> None:
    it.tenant.status = "closed"
    it.tenant.save()


def forget(it: Any) -> None:
    EndUser.objects.all().delete()


@pytest.mark.parametrize("change", [expire, disable, close, forget])
def test_what_ends_access_ends_it_at_the_very_next_call(change: Callable[[Any], None]) -> None:
    """RFC 7662 §2.2, §4."""
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    assert it.facts(token)["active"]
    with tenant_context(it.tenant.id):
        change(it)
    assert it.facts(token) == {"active": False}


def test_a_dropped_scope_is_filtered_and_said_to_be() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED), scope="read write")["access_token"]
    with tenant_context(it.tenant.id):
        Scope.objects.filter(name="write").update(ended_at=timezone.now())
    facts = it.facts(token)
    assert facts["scope"] == "read"
    assert facts["scope_filtered"] is True


def test_an_old_second_factor_is_pending_again() -> None:  # Rule 4
    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    role = cast.role(it.tenant, "Runner", ["run"])
    cast.bind(it.tenant, role, user, it.application, requires_mfa=True, mfa_max_age=timedelta(hours=1))
    token = it.tokens(it.signed_in("alice@acme.example", mfa=True), scope="run")["access_token"]
    assert it.facts(token)["scope"] == "run"
    with tenant_context(it.tenant.id):
        AccessToken.objects.update(mfa_at=timezone.now() - timedelta(hours=2))
    facts = it.facts(token)
    assert facts["scope"] == ""
    assert facts["pending"] == [{"scope": "run", "reason": "pending_step_up"}]


def test_the_callers_address_counts_where_the_resource_sends_it() -> None:  # Rule 4
    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    role = cast.role(it.tenant, "Runner", ["run"])
    cast.bind(it.tenant, role, user, it.application, ip_ranges=["127.0.0.0/8", "2001:db8::/32"])
    token = it.tokens(it.signed_in("alice@acme.example"), scope="run")["access_token"]
    assert it.facts(token)["scope"] == "run"
    assert it.facts(token, client_ip="198.51.100.7")["scope"] == ""
    assert it.facts(token, client_ip="2001:db8::7")["scope"] == "run"
    # As servers that listen on both families report their callers.
    assert it.facts(token, client_ip="::ffff:127.0.0.1")["scope"] == "run"
    assert it.facts(token, client_ip="::ffff:198.51.100.7")["scope"] == ""
    assert it.facts(token, client_ip="fe80::1%eth0")["scope"] == ""


def test_the_rate_limit_is_the_override_the_tiers_or_the_applications() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    with tenant_context(it.tenant.id):
        PlanTier.objects.update(rate_limit=None)
        assert it.facts(token)["rate_limit"] is None
        Application.objects.update(rate_limit=1000, rate_window_s=3600)
        assert it.facts(token)["rate_limit"] == {"limit": 1000, "window_s": 3600, "source": "application"}
        PlanTier.objects.update(rate_limit=60, rate_window_s=60)
        assert it.facts(token)["rate_limit"] == {"limit": 60, "window_s": 60, "source": "tier"}
        EndUser.objects.update(rate_limit_override={"limit": 5, "window_s": 10, "until": None, "reason": "x"})
        assert it.facts(token)["rate_limit"] == {"limit": 5, "window_s": 10, "source": "override"}
        past = (timezone.now() - timedelta(hours=1)).isoformat()
        EndUser.objects.update(rate_limit_override={"limit": 5, "window_s": 10, "until": past})
        assert it.facts(token)["rate_limit"]["source"] == "tier"


def test_rotation_leaves_the_old_credential_a_day() -> None:
    it = world()
    token = it.tokens(it.signed_in(ED))["access_token"]
    now = timezone.now()
    named = {"tenant_id": it.tenant.id, "application_id": it.application.id, "actor": SYSTEM}
    with tenant_context(it.tenant.id):
        new = credentials.rotate(now=now, **named)
    assert it.introspect(token, new).json()["active"]
    assert it.introspect(token).json()["active"]
    with tenant_context(it.tenant.id):
        assert (
            credentials.live(tenant_id=it.tenant.id, application_id=it.application.id, now=now).count() == 2
        )
        later = now + credentials.OVERLAP
        assert (
            credentials.live(tenant_id=it.tenant.id, application_id=it.application.id, now=later).count() == 1
        )
        credentials.end(credential_id=it.credential[0], now=now, **named)
    assert it.introspect(token).status_code == 401
