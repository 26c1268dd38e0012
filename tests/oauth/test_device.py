"""Devices without a browser (RFC 8628): they ask, a person answers elsewhere, they poll."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from endusers import operations as endusers
from oauth import cleanup, consent, device, keys, suspension
from oauth.clients import creation as clients
from oauth.exchange import DEVICE_CODE
from oauth.models import Client, ClientPolicy, Consent, DeviceGrant
from tenants.models import TenantUser
from tests import cast
from tests.oauth.devices import GRANTS, answer, begin, begun, device_world, page_of, poll
from tests.oauth.internet import GOOD, URL, Internet
from tests.oauth.world import ED, boxes, nothing_written, public_client, question, world

pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, code), answer.content
    assert answer["Cache-Control"] == "no-store"


def rewind(seconds: float) -> None:
    """Let the last poll of every device be so many seconds older."""
    with system_context():
        for row in DeviceGrant.objects.exclude(last_checked=None):
            row.last_checked -= timedelta(seconds=seconds)
            row.save(update_fields=["last_checked"])


def test_a_device_gets_tokens_once_a_person_allowed_it() -> None:  # RFC 8628 §3
    it = device_world()
    asked = begin(it, scope="read write")
    assert asked.status_code == 200, asked.content
    said = asked.json()
    assert said["verification_uri"] == f"{settings.ISSUER}/device/"
    assert said["verification_uri_complete"] == f"{said['verification_uri']}?user_code={said['user_code']}"
    assert (said["expires_in"], said["interval"]) == (600, 5)
    assert asked["Cache-Control"] == "no-store"  # §3.2
    refused(poll(it, said["device_code"]), "authorization_pending")  # §3.5
    browser = it.signed_in(ED)
    typed = browser.post("/device/", {"user_code": f" {said['user_code'].lower().replace('-', ' ')} "})
    assert typed.status_code == 302
    assert typed["Location"] == page_of(said["user_code"])
    assert "Go back to your device" in answer(browser, said["user_code"]).content.decode()
    tokens = poll(it, said["device_code"])
    assert tokens.status_code == 200, tokens.content
    got = tokens.json()
    assert got["scope"].split() == ["read", "write"]
    facts = it.facts(got["access_token"])
    assert (facts["active"], facts["client_name"], facts["username"]) == (True, "Console CLI", ED)
    assert facts["acr"] == "urn:authsec:acr:pwd"
    assert facts["amr"] == ["pwd"]
    again = it.refresh(got["refresh_token"])
    assert again.status_code == 200
    refused(it.refresh(got["refresh_token"]), "invalid_grant")
    assert it.facts(again.json()["access_token"]) == {"active": False}, "one family, as from a code"
    with tenant_context(it.tenant.id):
        assert Event.objects.filter(action="consent.given").count() == 1


def test_a_device_code_is_good_once() -> None:  # RFC 8628 §3.5, RFC 6749 §5.2
    it = device_world()
    code, typed = begun(it)
    browser = it.signed_in(ED)
    answer(browser, typed)
    got = poll(it, code).json()
    refused(poll(it, code), "invalid_grant")
    assert it.facts(got["access_token"])["active"] is True, "a poll that was lost on its way revokes nothing"
    assert browser.get(page_of(typed)).status_code == 404


def test_only_digests_of_the_codes_are_kept() -> None:  # RFC 8628 §5.2
    it = device_world()
    code, typed = begun(it)
    assert len(code) > 43
    with system_context():
        row = DeviceGrant.objects.values_list("device_code", "user_code").get()
    assert not {code, typed, typed.replace("-", "")} & set(row)
    assert set(typed.replace("-", "")) <= set("BCDFGHJKLMNPQRSTVWXZ")  # §6.1


def test_a_no_is_a_no() -> None:  # RFC 8628 §3.5
    it = device_world()
    code, typed = begun(it)
    told = answer(it.signed_in(ED), typed, action="deny")
    assert "Not allowed" in told.content.decode()
    refused(poll(it, code), "access_denied")
    assert nothing_written(it, ED)


def test_a_device_that_polls_too_fast_is_slowed_down_for_good() -> None:  # RFC 8628 §3.5
    it = device_world()
    code, _ = begun(it)
    refused(poll(it, code), "authorization_pending")
    refused(poll(it, code), "slow_down")
    rewind(6)
    refused(poll(it, code), "slow_down")  # ten seconds by now
    rewind(16)
    refused(poll(it, code), "authorization_pending")
    rewind(11)
    refused(poll(it, code), "slow_down")  # fifteen, and it stays so


def test_a_code_ends_after_ten_minutes_and_is_cleaned_up() -> None:  # RFC 8628 §3.5
    it = device_world()
    code, typed = begun(it)
    with system_context():
        DeviceGrant.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(poll(it, code), "expired_token")
    assert it.signed_in(ED).get(page_of(typed)).status_code == 404
    later = timezone.now() + timedelta(hours=2)
    assert cleanup.delete_expired(now=timezone.now())["oauth_devicegrant"] == 0
    assert cleanup.delete_expired(now=later)["oauth_devicegrant"] == 1
    refused(poll(it, code), "invalid_grant")


def test_another_client_cannot_poll_and_an_unknown_code_is_none() -> None:  # RFC 8628 §5.2
    it = device_world()
    code, typed = begun(it)
    answer(it.signed_in(ED), typed)
    other = public_client("Other", grant_types=GRANTS)
    refused(poll(it, code, client_id=other.client_id), "invalid_grant")
    refused(poll(it, "as_dc_nothing"), "invalid_grant")
    refused(poll(it, code, device_code=None), "invalid_request")
    refused(poll(it, code, resource="http://localhost:9999/other"), "invalid_target")  # RFC 8707 §2.2
    assert poll(it, code, resource=it.resource).status_code == 200


def test_what_nobody_could_allow_is_refused_at_once() -> None:  # RFC 8628 §3.1
    it = device_world()
    refused(begin(it, resource=None), "invalid_target")  # RFC 8707 §2
    refused(begin(it, resource="http://localhost/nothing"), "invalid_target")
    refused(begin(it, resource=f"{it.resource}#x"), "invalid_target")
    refused(begin(it, resource=settings.API_RESOURCE), "invalid_target")
    refused(begin(it, scope='a"b'), "invalid_scope")
    refused(begin(it, client_id="nobody"), "invalid_client", 401)
    refused(begin(it, client_id=public_client().client_id), "unauthorized_client")
    assert Browser().get("/oauth/device_authorization").status_code == 405
    with system_context():
        assert not DeviceGrant.objects.exists()


def test_a_client_limited_to_one_application_need_not_name_it() -> None:  # RFC 8707 §2
    it = device_world()
    with tenant_context(it.tenant.id):
        it.client, it.secret = clients.create_for_tenant(
            tenant_id=it.tenant.id,
            name="Kiosk",
            redirect_uris=[],
            grant_types=["refresh_token", DEVICE_CODE],
            application_ids=[it.application.pk],
            actor=SYSTEM,
            now=timezone.now(),
        )
    code, typed = begun(it, resource=None)
    answer(it.signed_in(ED), typed)
    assert poll(it, code).status_code == 200


def test_the_page_says_who_asks_since_when_and_from_where_and_asks_even_who_consented_before() -> None:
    """RFC 8628 §5.4: whoever sent the code may be somebody else."""
    it = device_world()
    browser = it.signed_in(ED)
    for _ in range(2):
        code, typed = begun(it)
        complete = browser.get(f"/device/?user_code={typed.lower()}")  # §3.3.1
        assert f'value="{typed}"' in complete.content.decode()
        assert "your device shows this very code" in complete.content.decode()
        text = browser.get(page_of(typed)).content.decode()
        for words in (
            typed,
            "Console CLI",
            "127.0.0.1",
            "If somebody sent you the code",
            "acme-corp",
            "read",
        ):
            assert words in text, words
        refused(poll(it, code), "authorization_pending")
        answer(browser, typed)
        assert poll(it, code).status_code == 200


def test_ticks_choose_and_never_widen() -> None:
    it = device_world()
    code, typed = begun(it, scope="read write run")
    answer(it.signed_in(ED), typed, only=["read", "run"])
    assert poll(it, code).json()["scope"] == "read"
    with tenant_context(it.tenant.id):
        assert Consent.objects.get().scopes == ["read"]


def test_a_stranger_is_sent_to_sign_in_before_any_code_is_looked_at() -> None:  # RFC 8628 §5.1
    it = device_world()
    _, typed = begun(it)
    for url in ("/device/", page_of(typed)):
        sent = Browser().get(url)
        assert sent.status_code == 302
        onward = urlsplit(sent["Location"])
        assert onward.path == "/accounts/login/"
        assert parse_qs(onward.query)["next"] == [url]


def test_guessing_codes_ends_soon_for_the_account() -> None:  # RFC 8628 §5.1
    it = device_world()
    _, typed = begun(it)
    browser = it.signed_in(ED)
    assert browser.post("/device/", {"user_code": "AEIO-U123"}).status_code == 422, "can be no code: no guess"
    for _ in range(10):
        assert browser.post("/device/", {"user_code": "BCDFGHJK"}).status_code == 422
    late = browser.post("/device/", {"user_code": typed})
    assert (late.status_code, late["Retry-After"]) == (429, "600")
    assert browser.get(page_of(typed)).status_code == 429
    assert it.signed_in("eve@consumer.example").post("/device/", {"user_code": typed}).status_code == 302


@pytest.mark.parametrize("typed", ["", "é" * 8, "\x00", "BCDF-GHJ", "x" * 5000, "BCDFGHJKL"])
def test_what_can_be_no_code_is_said_to_be_none(typed: str) -> None:
    assert device.as_typed(typed) == ""
    browser = world().signed_in(ED)
    assert browser.post("/device/", {"user_code": typed}).status_code == 422
    assert browser.get("/device/allow/", {"user_code": typed}).status_code == 404


def test_suspension_between_the_yes_and_the_poll_gives_nothing_and_uses_nothing_up() -> None:  # Rule 3
    it = device_world()
    code, typed = begun(it)
    answer(it.signed_in(ED), typed)
    with tenant_context(it.tenant.id):
        user = TenantUser.objects.get(identity__email=ED)
        told: dict[str, Any] = {"tenant_id": it.tenant.id, "user_id": user.pk, "now": timezone.now()}
        endusers.suspend(**told, reason="check", actor=SYSTEM)
    refused(poll(it, code), "invalid_grant")
    with tenant_context(it.tenant.id):
        endusers.reactivate(**told, actor=SYSTEM)
    assert poll(it, code).status_code == 200


def test_a_tenant_that_lists_hosts_lets_no_device_in_that_proves_none() -> None:
    it = device_world()
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.create(
            tenant=it.tenant, registration_policy="allow_list", allowed_hosts=["127.0.0.1"]
        )
    _, typed = begun(it)
    page = it.signed_in(ED).get(page_of(typed))
    assert page.status_code == 403
    assert "does not allow" in page.content.decode()


def test_a_client_under_review_waits_on_the_page() -> None:
    it = device_world()
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.create(tenant=it.tenant, registration_policy="review")
    code, typed = begun(it)
    browser = it.signed_in(ED)
    page = browser.get(page_of(typed))
    assert page.status_code == 200
    assert "waits for approval" in page.content.decode()
    looked = browser.get(page_of(typed) + "&waiting=1", headers={"HX-Request": "true"})
    assert looked.status_code == 200
    refused(poll(it, code), "authorization_pending")


def test_a_scope_that_needs_a_second_factor_is_asked_for_first() -> None:  # RFC 9470
    it = device_world()
    role = cast.role(it.tenant, "Runner", ["run"])
    cast.bind(it.tenant, role, cast.tier(it.tenant), it.application, requires_mfa=True)
    code, typed = begun(it, scope="run")
    browser = it.signed_in(ED)
    page = browser.get(page_of(typed))
    assert page.status_code == 302
    assert page["Location"].startswith("/account/step-up/")
    assert parse_qs(urlsplit(page["Location"]).query)["next"] == [page_of(typed)]
    assert "<bdi>run</bdi>" in browser.get(page["Location"]).text
    answer(it.signed_in(ED, mfa=True), typed)
    facts = it.facts(poll(it, code).json()["access_token"])
    assert (facts["scope"], facts["acr"]) == ("run", "urn:authsec:acr:mfa")


def test_a_cli_reaches_the_management_api_and_writing_wants_a_fresh_confirmation() -> None:
    it = device_world()
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(api_access=True)
    code, typed = begun(it, resource=settings.API_RESOURCE, scope="api:read api:write")
    browser = it.signed_in("owner@acme-corp.example")
    session = browser.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**records[0], "at": records[0]["at"] - 3600}]
    session.save()
    late = browser.get(page_of(typed))
    assert late.status_code == 302
    assert late["Location"].startswith("/accounts/reauthenticate/")
    assert "<code>api:write</code>" in browser.get(late["Location"]).text
    answer(it.signed_in("owner@acme-corp.example"), typed)
    got = poll(it, code).json()
    claims = keys.verify(got["access_token"], settings.API_RESOURCE)
    assert (claims["scope"], claims["amr"]) == ("api:read api:write", ["pwd"])
    assert str(it.tenant.id) in claims["tenants"]
    refused(poll(it, code), "invalid_grant")
    refused(begin(it, resource=settings.API_RESOURCE, scope="read"), "invalid_scope")


@pytest.mark.parametrize("how", ["withdrawn and given again", "tokens revoked", "suspended for good"])
def test_a_yes_that_is_taken_back_counts_no_more_when_the_device_polls(how: str) -> None:  # RFC 8628 §5.4
    it = device_world()
    code, typed = begun(it)
    answer(it.signed_in(ED), typed)
    user = cast.user_of(it.tenant, ED)
    told: dict[str, Any] = {"tenant_id": it.tenant.id, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(it.tenant.id):
        if how == "tokens revoked":
            suspension.revoke_tokens(user_id=user.pk, **told)
        elif how == "suspended for good":
            suspension.suspend_and_revoke(user_id=user.pk, reason="a drill", **told)
            endusers.reactivate(user_id=user.pk, **told)
        else:
            consent.withdraw(consent_id=Consent.objects.get(user_id=user.pk).pk, **told)
    if how == "withdrawn and given again":
        other, again = begun(it)
        answer(it.signed_in(ED), again)
        assert poll(it, other).status_code == 200
    refused(poll(it, code), "access_denied")


def test_the_management_api_taken_from_a_client_is_taken_from_a_device_that_has_not_polled() -> None:
    it = device_world()
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(api_access=True)
    code, typed = begun(it, resource=settings.API_RESOURCE, scope="api:read")
    browser = it.signed_in("owner@acme-corp.example")
    answer(browser, typed)
    browser.post(f"/account/connections/clients/{it.client.pk}/withdraw/")
    refused(poll(it, code), "access_denied")


def test_a_client_registers_for_devices_alone_without_a_redirect_uri() -> None:  # RFC 7591 §2
    document = {"client_name": "TV", "grant_types": [DEVICE_CODE], "token_endpoint_auth_method": "none"}
    made = Browser().post("/oauth/register", json.dumps(document), content_type="application/json").json()
    assert (made["grant_types"], made["redirect_uris"], made["response_types"]) == ([DEVICE_CODE], [], [])
    it = world()
    with system_context():
        it.client = Client.objects.get(client_id=made["client_id"])
    code, typed = begun(it)
    answer(it.signed_in(ED), typed)
    assert "refresh_token" not in poll(it, code).json(), "it did not register for one"


def test_a_client_known_by_its_document_is_read_when_its_device_asks(internet: Internet) -> None:
    it = world()
    it.client = Client(client_id=URL)
    internet.pages[URL] = GOOD | {"grant_types": GRANTS}
    code, typed = begun(it)
    answer(it.signed_in(ED), typed)
    assert poll(it, code).status_code == 200
    assert internet.asked == [URL]


def test_the_metadata_lists_it() -> None:  # RFC 8628 §4
    said = Browser().get("/.well-known/oauth-authorization-server").json()
    assert said["device_authorization_endpoint"] == f"{settings.ISSUER}/oauth/device_authorization"
    assert DEVICE_CODE in said["grant_types_supported"]


def test_of_two_people_who_answer_the_first_counts() -> None:
    it = device_world()
    code, typed = begun(it)
    ed, eve = it.signed_in(ED), it.signed_in("eve@consumer.example")
    late = eve.get(page_of(typed))
    answer(ed, typed)
    form = {"action": "allow", "question": question(late), "scopes": boxes(late)}
    assert eve.post(page_of(typed), form).status_code == 404
    assert it.facts(poll(it, code).json()["access_token"])["username"] == ED
