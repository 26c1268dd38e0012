"""A tenant asks its team for a second factor: who has none, how long they have, and what is closed afterwards."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from tenants import operations
from tenants.identities import enrol_authenticator
from tenants.models import Tenant
from tenants.queries import memberships_of
from tenants.second_factor import enrolled, lacking
from tests import cast
from tests.tenants.browser import totp

pytestmark = pytest.mark.django_db
SECRET = base64.b32encode(b"twenty secret bytes!").decode()
SECURITY = "/t/acme-corp/settings/security/"
RULE, RELEASE = f"{SECURITY}second-factor/", f"{SECURITY}second-factor/release/"
DAY = timedelta(days=1)


@pytest.fixture
def begin():
    return timezone.now()


@pytest.fixture
def acme(begin):
    """Olga owns it and has a second factor; Carl is a contractor without one."""
    tenant = cast.open_tenant()
    enrol_authenticator(identity=cast.person("olga@acme.example"), secret=SECRET)
    cast.member(tenant, "carl@freelance.example", "contractor")
    return tenant


@pytest.fixture
def olga(acme):
    client = cast.signed_in(cast.owner_of(acme))
    client.post("/accounts/2fa/reauthenticate/", {"code": totp(SECRET)})
    return client


@pytest.fixture
def carl(acme):
    return cast.signed_in(cast.person("carl@freelance.example"))


def require(tenant, now, days=14, actor=SYSTEM):
    with tenant_context(tenant.id):
        return operations.require_second_factor(tenant_id=tenant.id, grace_days=days, actor=actor, now=now)


def at(moment):
    return time_machine.travel(moment, tick=False)


def due(email, slug="acme-corp"):
    cards = memberships_of(cast.person(email).pk)
    return next(card.second_factor_due for card in cards if card.slug == slug)


def actions(tenant):
    with tenant_context(tenant.id):
        found = Event.objects.filter(tenant=tenant, action__startswith="tenant.second").order_by("at", "id")
        return [(event.action, event.before, event.after) for event in found]


def test_each_member_has_the_grace_from_the_rule_or_from_joining(acme, begin):
    rule = require(acme, begin + DAY, days=7)
    assert rule.second_factor_since == begin + DAY
    assert due("carl@freelance.example") == begin + 8 * DAY
    assert due("olga@acme.example") is None
    with at(begin + 30 * DAY):
        cast.member(acme, "new@acme.example")
        assert due("new@acme.example") - begin == pytest.approx(37 * DAY, abs=timedelta(minutes=1))


def test_without_the_rule_nothing_is_due(acme):
    assert due("carl@freelance.example") is None
    with tenant_context(acme.id):
        (only,) = lacking(acme.id)
        assert (only.email, only.due) == ("carl@freelance.example", None)
        assert enrolled(acme.id) == {cast.owner_of(acme).pk}


def test_during_the_grace_every_page_says_until_when(acme, carl, begin):
    require(acme, begin)
    page = carl.get("/t/acme-corp/applications/")
    assert page.status_code == 200
    assert "acme-corp asks its team for a second factor" in page.content.decode()


def test_who_has_one_sees_no_banner(acme, olga, begin):
    require(acme, begin)
    assert "second-factor-banner" not in olga.get("/t/acme-corp/applications/").content.decode()


def test_after_the_grace_the_console_is_closed_and_leads_to_enrolment_and_back(acme, carl, begin):
    require(acme, begin, days=0)
    path = "/t/acme-corp/applications/?q=a"
    led = carl.get(path)
    assert led["Location"] == "/account/second-factor/?next=%2Ft%2Facme-corp%2Fapplications%2F%3Fq%3Da"
    page = carl.get(led["Location"]).content.decode()
    assert "closed until you have one" in page
    assert "/accounts/2fa/totp/activate/" in page
    carl.get("/accounts/2fa/totp/activate/")
    secret = carl.session["mfa.totp.secret"]
    assert carl.post("/accounts/2fa/totp/activate/", {"code": totp(secret)}).status_code == 302
    assert carl.get("/account/step-up/done/")["Location"] == path
    assert carl.get(path).status_code == 200


def test_htmx_is_led_there_too_and_a_form_does_nothing(acme, carl, begin):
    require(acme, begin, days=0)
    answer = carl.post("/t/acme-corp/authz/groups/new/", {"name": "late"}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/account/second-factor/?next=%2Ft%2Facme-corp%2F"


def test_only_that_tenant_is_closed(acme, carl, begin):
    cast.open_tenant("carls-own", "carl@freelance.example")
    require(acme, begin, days=0)
    assert carl.get("/t/carls-own/settings/").status_code == 200
    assert carl.get("/account/").status_code == 200
    assert carl.get("/t/acme-corp/settings/").status_code == 302


def test_a_trusted_browser_does_not_matter_having_one_counts(acme, begin):
    require(acme, begin, days=0)
    with_password_alone = cast.signed_in(cast.owner_of(acme))
    assert with_password_alone.get("/t/acme-corp/applications/").status_code == 200


def test_who_removes_their_second_factor_is_out_again(acme, olga, begin):
    require(acme, begin, days=0)
    assert olga.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert olga.get("/t/acme-corp/applications/")["Location"].startswith("/account/second-factor/")


def test_recovery_codes_alone_are_no_second_factor(acme, begin):
    with connection.cursor() as cursor:
        cursor.execute("update mfa_authenticator set type = 'recovery_codes'")
    with tenant_context(acme.id):
        assert enrolled(acme.id) == set()


def test_the_page_names_who_has_none_and_the_rule_is_made_there(acme, olga, begin):
    page = olga.get(SECURITY).content.decode()
    assert "carl@freelance.example" in page
    assert "Up to each member" in page
    asked = olga.get(RULE).content.decode()
    assert "Require a second factor of the team of acme-corp?" in asked
    assert olga.post(RULE, {"grace_days": "5"}).status_code == 422
    assert olga.post(RULE, {"grace_days": "7"})["Location"] == SECURITY
    page = olga.get(SECURITY).content.decode()
    assert "Each member has 7 days" in page
    assert due("carl@freelance.example") - begin == pytest.approx(7 * DAY, abs=timedelta(minutes=1))
    assert olga.post(RELEASE)["Location"] == SECURITY
    assert due("carl@freelance.example") is None


def test_who_has_none_cannot_ask_for_it(acme, begin):
    admin = cast.member(acme, "adam@acme.example", "admin")
    client = cast.signed_in(admin)
    assert "set one up for yourself" in client.get(SECURITY).content.decode()
    answer = client.post(RULE, {"grace_days": "0"})
    assert answer.status_code == 422
    assert "Set up a second factor of your own first" in answer.content.decode()
    actor = replace(SYSTEM, kind="member", id=admin.pk)
    with pytest.raises(operations.NotEnrolled):
        require(acme, begin, actor=actor)
    with tenant_context(acme.id):
        assert Tenant.objects.get(pk=acme.id).second_factor_since is None


def test_each_change_is_written_once_with_before_and_after(acme, begin):
    require(acme, begin)
    require(acme, begin + DAY)
    require(acme, begin + 2 * DAY, days=30)
    with tenant_context(acme.id):
        for _ in range(2):
            operations.release_second_factor(tenant_id=acme.id, actor=SYSTEM, now=begin + 3 * DAY)
    rule = {"second_factor": "required", "since": begin.isoformat(), "grace_days": 14}
    optional = {"second_factor": "optional"}
    assert actions(acme) == [
        ("tenant.second_factor_required", optional, rule),
        ("tenant.second_factor_required", rule, rule | {"grace_days": 30}),
        ("tenant.second_factor_released", rule | {"grace_days": 30}, optional),
    ]


def test_a_tenant_learns_nothing_about_anothers_members(acme):
    other = cast.open_tenant("globex", "greta@globex.example")
    with tenant_context(other.id), connection.cursor() as cursor:
        cursor.execute("select count(*) from second_factors(%s)", [acme.id])
        assert cursor.fetchone() == (0,)
        require_ids = [acme.id, cast.owner_of(acme).pk]
    require(acme, timezone.now())
    with tenant_context(other.id), connection.cursor() as cursor:
        cursor.execute("select second_factor_due(%s, %s)", require_ids)
        assert cursor.fetchone() == (None,)


@pytest.mark.parametrize("days", [-1, 91])
def test_a_grace_has_its_bounds(acme, days):
    with pytest.raises(ValueError, match="0 to 90"):
        require(acme, timezone.now(), days=days)
