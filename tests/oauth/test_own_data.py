"""A person's copy of their data: what is in it, what never is, and who gets it for how long."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from authsec.jobs import files
from endusers import operations as endusers
from oauth import jobs
from oauth.account import exports as data_exports
from oauth.models import DataExport
from tenants.identities import enrol_authenticator
from tests import cast
from tests.oauth.world import ED, world

pytestmark = pytest.mark.django_db
PAGE, SECRET = "/account/data/", "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def folder_of_its_own(settings: Any, tmp_path: Any) -> None:
    settings.VAR = tmp_path


def made(browser: Any) -> DataExport:
    """Ask on the page, and do what the worker does."""
    assert browser.post(f"{PAGE}export/")["Location"] == PAGE
    export = DataExport.objects.get()
    jobs.export_own_data(export_id=str(export.pk))
    export.refresh_from_db()
    return export


def fetched(browser: Any, export: DataExport) -> bytes:
    answer = browser.get(f"{PAGE}export/{export.pk}/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "no-store"
    return b"".join(answer.streaming_content)


def test_it_holds_what_is_held_and_no_secret_and_nobody_else() -> None:
    it = world()
    identity = cast.person(ED)
    given = it.tokens(it.signed_in(ED))
    it.tokens(it.signed_in("flo@consumer.example"))
    enrol_authenticator(identity=identity, secret=SECRET)
    with tenant_context(it.tenant.id):
        endusers.suspend(
            tenant_id=it.tenant.id,
            user_id=cast.user_of(it.tenant, ED).pk,
            reason="words for operators alone",
            actor=cast.SYSTEM,
            now=timezone.now(),
        )
    browser = it.signed_in(ED, mfa=True)
    export = made(browser)
    assert "Download" in browser.get(PAGE).content.decode()
    text = fetched(browser, export).decode()
    copy = json.loads(text)
    (tenant,) = copy["tenants"]
    assert copy["identity"]["email"] == ED
    assert [factor["type"] for factor in copy["second_factors"]] == ["totp"]
    assert copy["sessions"]
    assert tenant["end_user"]["status"] == "suspended"
    assert [each["client_name"] for each in tenant["connections"]] == ["Claude Code"]
    assert len(tenant["access_tokens"]) == len(tenant["refresh_tokens"]) == len(tenant["decisions"]) == 1
    assert [change["to_status"] for change in tenant["standing"]] == ["active", "suspended"]
    assert [event["action"] for event in tenant["events_about"]][-1] == "end_user.suspended"
    assert {"signin.done", "factor.added"} <= {event["action"] for event in copy["activity"]}
    assert "consent.given" in [event["action"] for event in tenant["events"]]
    for never in (
        "flo@",
        "words for operators",
        SECRET,
        *(str(given[name]) for name in given if "_token" in name),
    ):
        assert never not in text, never


def test_it_is_nobodys_but_the_persons_and_ends_after_a_day() -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    browser = it.signed_in(ED)
    export = made(browser)
    address = f"{PAGE}export/{export.pk}/"
    assert it.signed_in("flo@consumer.example").get(address).status_code == 404
    assert (files.folder() / export.file).stat().st_mode & 0o077 == 0
    DataExport.objects.update(expires_at=timezone.now())
    assert browser.get(address)["Location"] == PAGE
    old = it.signed_in(ED)
    session = old.session
    session["account_authentication_methods"][0]["at"] -= 10_000
    session.save()
    assert "/accounts/reauthenticate/" in old.get(address)["Location"]


def test_asking_twice_is_asking_once_and_a_day_has_a_limit() -> None:
    identity, now = cast.person(ED), timezone.now()
    first = data_exports.start(identity_id=identity.pk, now=now)
    assert data_exports.start(identity_id=identity.pk, now=now).pk == first.pk
    for _ in range(2):
        DataExport.objects.update(status="done")
        data_exports.start(identity_id=identity.pk, now=now)
    DataExport.objects.update(status="done")
    with pytest.raises(data_exports.TooManyExports):
        data_exports.start(identity_id=identity.pk, now=now)
    data_exports.start(identity_id=identity.pk, now=now + timedelta(days=1, seconds=1))


def test_a_copy_of_somebody_who_deleted_themselves_is_gone_too() -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    export = made(it.signed_in(ED))
    kept = files.folder() / export.file
    assert kept.is_file()
    it.signed_in(ED).post("/account/delete/", {"typed": ED})
    assert not kept.exists()
    jobs.export_own_data(export_id=str(export.pk))
    assert not list(files.folder().iterdir())


def test_one_that_never_comes_to_its_end_is_given_up() -> None:
    with system_context():
        export = DataExport.objects.create(identity=cast.person(ED), status="running", tries=jobs.MOST_TRIES)
    jobs.export_own_data(export_id=str(export.pk))
    export.refresh_from_db()
    assert export.status == "failed"


# Columns that name a person, and where the copy has their rows; "-" and why not.
HELD = {
    "account_emailaddress.user_id": "addresses",
    "mfa_authenticator.user_id": "second_factors",
    "audit_event.about_id": "events_about",
    "audit_event.actor_id": "events",
    "audit_event.target_id": "events_about",
    "audit_installationevent.identity_id": "activity",
    "audit_installationevent.actor_id": "activity",
    "authz_binding.user_id": "roles",
    "authz_groupmember.user_id": "groups",
    "authz_serviceaccountoperator.user_id": "service_accounts",
    "endusers_enduser.user_id": "end_user",
    "endusers_endusertier.user_id": "plan_tiers",
    "endusers_outcome.user_id": "- of a job of operators; what it changed stands in standing and plan_tiers",
    "endusers_savedview.user_id": "saved_views",
    "endusers_standingchange.user_id": "standing",
    "endusers_tiermove.user_id": "- billing's call; what it changed stands in plan_tiers",
    "oauth_accesstoken.subject": "access_tokens",
    "oauth_accesstoken.user_id": "access_tokens",
    "oauth_callcount.subject": "- a number that is kept for two days",
    "oauth_client.user_id": "- the toolkit's, never filled",
    "oauth_clientsession.user_id": "sign_ins",
    "oauth_consent.user_id": "connections",
    "oauth_dataexport.identity_id": "- the copies themselves",
    "oauth_decision.subject": "decisions",
    "oauth_devicegrant.subject": "devices",
    "oauth_devicegrant.user_id": "devices",
    "oauth_grant.subject": "- a code, good for a minute; what came of it stands in decisions",
    "oauth_grant.user_id": "- a code, good for a minute; what came of it stands in decisions",
    "oauth_idtoken.subject": "- the toolkit's, never filled",
    "oauth_idtoken.user_id": "- the toolkit's, never filled",
    "oauth_refreshtoken.subject": "refresh_tokens",
    "oauth_refreshtoken.user_id": "refresh_tokens",
    "tenants_identitylink.identity_id": "links",
    "tenants_identitylink.subject": "links",
    "tenants_membership.user_id": "membership",
    "tenants_ownershiptransfer.from_user_id": "events",
    "tenants_ownershiptransfer.to_user_id": "events_about",
    "tenants_profile.user_id": "profile",
    "tenants_session.identity_id": "sessions",
    "tenants_trustedbrowser.identity_id": "trusted_browsers",
    "users.identity_id": "tenants",
}


def test_every_column_that_names_a_person_is_in_it_or_has_a_reason_not_to_be() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """select table_name || '.' || column_name from information_schema.columns
                where table_schema = 'public' and data_type = 'uuid' and table_name not like 'procrastinate%'
                  and column_name ~ '(^|_)(identity|user|subject|actor|about|target)_?(id)?$' """
        )
        assert {row[0] for row in cursor.fetchall()} | {"tenants_identitylink.subject"} == set(HELD)
    it = world()
    it.tokens(it.signed_in(ED))
    copy = json.loads(fetched(it.signed_in(ED), made(it.signed_in(ED))))
    present = set(copy) | set(copy["tenants"][0])
    assert {member for member in HELD.values() if not member.startswith("-")} <= present
