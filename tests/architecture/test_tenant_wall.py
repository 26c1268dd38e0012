"""The wall between tenants stands in the database itself, whatever the code above forgets."""

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Count

from authsec.database import checks
from authsec.database.context import NoTenant, app_context, owner_context, system_context, tenant_context
from authsec.database.fields import TenantForeignKey
from authz.models import Group, GroupMember
from tenants.models import Identity, Tenant, TenantUser

pytestmark = pytest.mark.django_db

# Tables whose rows belong to no tenant: people, their sign-in, the installation.
WITHOUT_TENANT = {
    "tenants.IdentityLink",
    "tenants.Identity",
    "tenants.Session",
    "tenants.TrustedBrowser",
    "audit.InstallationEvent",
    "oauth.DataExport",
    "oauth.SigningKey",
    "oauth.ClientLogo",
    "oauth.UsedAssertion",
}
OWN_APPS = {"tenants", "endusers", "authz", "oauth", "audit", "jobs"}


def two_tenants() -> tuple[Tenant, Tenant]:
    with system_context():
        return Tenant.objects.create(slug="one", name="One"), Tenant.objects.create(slug="two", name="Two")


def test_a_tenant_sees_its_own_rows_only() -> None:
    one, two = two_tenants()
    for tenant in (one, two):
        with tenant_context(tenant.id):
            Group.objects.create(tenant=tenant, name=f"group of {tenant.slug}")
    with tenant_context(one.id):
        assert [group.name for group in Group.objects.all()] == ["group of one"]
        assert Group.objects.filter(tenant=two).count() == 0
    with system_context():
        assert Group.objects.count() == 2


def test_a_write_for_another_tenant_is_refused_by_the_policy() -> None:
    one, two = two_tenants()
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_context(one.id):
        Group.objects.create(tenant=two, name="not mine")


def test_a_reference_to_another_tenants_row_is_refused_by_the_composite_key() -> None:
    one, two = two_tenants()
    identity = Identity.objects.create_user("ada@example.test")
    with tenant_context(two.id):
        theirs = Group.objects.create(tenant=two, name="theirs")
    with pytest.raises(IntegrityError, match="same_tenant"), tenant_context(one.id):
        user = TenantUser.objects.create(tenant=one, identity=identity)
        GroupMember.objects.create(tenant=one, group=theirs, user=user)


@pytest.mark.parametrize("ask", ["iterate", "count", "exists", "update", "delete", "create", "aggregate"])
def test_managers_raise_without_a_tenant(ask: str) -> None:
    groups = Group.objects.all()
    asks = {
        "iterate": lambda: list(groups),
        "count": groups.count,
        "exists": groups.exists,
        "update": lambda: groups.update(name="x"),
        "delete": groups.delete,
        "create": lambda: Group.objects.create(name="x"),
        "aggregate": lambda: groups.aggregate(Count("id")),
    }
    with pytest.raises(NoTenant):
        asks[ask]()


def test_without_a_tenant_row_level_security_shows_nothing() -> None:
    one, _ = two_tenants()
    with tenant_context(one.id):
        Group.objects.create(tenant=one, name="hidden")
    for context in (transaction.atomic, owner_context):
        with context(), connection.cursor() as cursor:
            cursor.execute("select count(*) from authz_group")
            assert cursor.fetchone() == (0,)


def test_a_nested_context_hands_the_outer_one_back() -> None:
    one, two = two_tenants()
    with tenant_context(one.id):
        with tenant_context(two.id):
            assert Tenant.objects.get().slug == "two"
        assert Tenant.objects.get().slug == "one"
        with pytest.raises(ZeroDivisionError), tenant_context(two.id):
            raise ZeroDivisionError
        assert Tenant.objects.get().slug == "one"


def test_events_cannot_be_changed_by_the_application() -> None:
    one, _ = two_tenants()
    for statement in ("update audit_event set action = 'x'", "delete from audit_event"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant_context(one.id),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_signing_keys_are_out_of_a_requests_reach() -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        app_context(),
        connection.cursor() as cursor,
    ):
        cursor.execute("select count(*) from oauth_signingkey")


def test_the_login_is_no_superuser() -> None:
    assert checks.login_problems() == []


def tenant_models() -> list[type]:
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OWN_APPS and model._meta.label not in WITHOUT_TENANT
    ]


def test_every_table_with_a_tenant_forces_its_policies() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid"
            " where p.polname in ('tenant', 'system') and c.relforcerowsecurity and c.relrowsecurity"
            " group by 1 having count(*) = 2"
        )
        walled = {row[0] for row in cursor.fetchall()}
    assert {model._meta.db_table for model in tenant_models()} == walled


def test_every_reference_between_tenant_rows_is_a_composite_key() -> None:
    wanted = {
        f"{model._meta.db_table}_{field.name}_same_tenant"
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
        or (model._meta.label, field.name) == ("endusers.EndUser", "user")
    }
    plain = {
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_fields
        if field.remote_field
        and not isinstance(field, TenantForeignKey)
        and field.remote_field.model in tenant_models()
        and field.remote_field.model is not Tenant
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "select conname from pg_constraint where contype = 'f' and conname like '%_same_tenant'"
        )
        assert {row[0] for row in cursor.fetchall()} == wanted
    # Named exceptions: references to Client (its policy also shows rows without a tenant) and the toolkit's own
    # references between tokens, whose tenant may be empty.
    assert plain == {
        "oauth.ClientSession.client",
        "oauth.Grant.application",
        "oauth.AccessToken.application",
        "oauth.AccessToken.source_refresh_token",
        "oauth.AccessToken.id_token",
        "oauth.RefreshToken.application",
        "oauth.RefreshToken.access_token",
        "oauth.IDToken.application",
        "oauth.DeviceGrant.application",
        "oauth.ClientApproval.client",
        "oauth.ClientLimit.client",
        "oauth.Consent.client",
        "endusers.EndUser.user",
    }
