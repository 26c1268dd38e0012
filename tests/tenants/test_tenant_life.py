"""What becomes of a tenant: its slugs, its end and its return."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authz.models import Binding
from tenants import operations
from tenants.models import SlugHistory, Tenant
from tenants.operations.closing import reopens_until
from tenants.operations.naming import SLUGS
from tenants.queries import memberships_of, present_slug
from tests import cast
from tests.tenants.deeds import actions, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture(autouse=True)
def inside(acme: Tenant) -> Iterator[None]:
    with tenant_context(acme.id):
        yield


def test_a_new_name_is_recorded_and_the_same_one_is_not(acme: Tenant) -> None:
    operations.rename_tenant(name="  Acme   Works ", **at(acme))
    operations.rename_tenant(name="Acme Works", **at(acme))
    event = Event.objects.get(action="tenant.renamed")
    assert (event.before, event.after) == ({"name": "acme-corp"}, {"name": "Acme Works"})


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_one_is_refused(acme: Tenant, name: str) -> None:
    with pytest.raises(operations.BadName):
        operations.rename_tenant(name=name, **at(acme))


def test_an_old_slug_leads_members_on_and_nobody_else(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    olga, stranger = cast.person("olga@acme.example"), cast.person("sid@example.test")
    assert present_slug(olga.pk, "acme-corp") == "acme"
    assert present_slug(stranger.pk, "acme-corp") is None
    assert "tenant.slug_changed" in actions()


def test_an_old_slug_stays_this_tenants_and_comes_back_to_it_alone(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    with pytest.raises(operations.SlugTaken):
        cast.open_tenant("acme-corp", "sid@example.test")
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    with tenant_context(tools.pk), pytest.raises(operations.SlugTaken):
        operations.change_slug(slug="acme-corp", **at(tools))
    assert operations.change_slug(slug="acme-corp", **at(acme)).slug == "acme-corp"
    assert set(SlugHistory.objects.values_list("slug", flat=True)) == {"acme-corp", "acme"}


def test_the_database_itself_keeps_old_slugs(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    with pytest.raises(IntegrityError), system_context():
        Tenant.objects.create(slug="acme-corp", name="Squatter")


def test_nobody_keeps_every_word_from_the_others(acme: Tenant) -> None:
    for number in range(SLUGS - 1):  # the first is the one that the tenant opened with
        operations.change_slug(slug=f"word-{number}", **at(acme))
    with pytest.raises(operations.TooManySlugs) as refused:
        operations.change_slug(slug="one-more", **at(acme))
    assert 29 * 86_400 < refused.value.retry_after <= 30 * 86_400
    assert operations.change_slug(slug="acme-corp", **at(acme)).slug == "acme-corp"  # its own, at any time
    later = timezone.now() + timedelta(seconds=refused.value.retry_after)
    assert operations.change_slug(slug="one-more", **at(acme, now=later)).slug == "one-more"


# --- closing and coming back ----------------------------------------------------------------------------------------


def test_closing_shuts_everybody_out_and_reopening_brings_everything_back(acme: Tenant) -> None:
    alice = cast.member(acme, "alice@acme.example")
    bound = Binding.objects.filter(user=alice, ended_at=None).count()
    operations.close_tenant(reason="over", **at(acme))
    operations.close_tenant(**at(acme))
    (card,) = memberships_of(alice.identity_id)
    assert (card.usable, card.tenant_status, card.status) == (False, "closed", "active")
    with pytest.raises(operations.TenantClosed):
        operations.rename_tenant(name="Other", **at(acme))
    operations.reopen_tenant(**at(acme))
    (card,) = memberships_of(alice.identity_id)
    assert card.usable
    assert Binding.objects.filter(user=alice, ended_at=None).count() == bound
    assert [name for name in actions() if name in ("tenant.closed", "tenant.reopened")] == [
        "tenant.closed",
        "tenant.reopened",
    ]


def test_after_thirty_days_only_the_installation_reopens(acme: Tenant) -> None:
    closed = timezone.now()
    operations.close_tenant(**at(acme, now=closed))
    late = reopens_until(closed) + timedelta(seconds=1)
    with pytest.raises(operations.TooLate):
        operations.reopen_tenant(**at(acme, now=late))
    assert operations.reopen_tenant(at_any_time=True, **at(acme, now=late)).status == "open"


def test_a_closed_tenants_slug_stays_taken(acme: Tenant) -> None:
    operations.close_tenant(**at(acme))
    with pytest.raises(operations.SlugTaken):
        cast.open_tenant("acme-corp", "sid@example.test")


def test_a_command_reopens_after_the_thirty_days(acme: Tenant) -> None:
    operations.close_tenant(**at(acme, now=timezone.now() - timedelta(days=90)))
    call_command("reopen", "acme-corp", reason="they asked")
    assert Tenant.objects.get(pk=acme.pk).status == "open"
    assert Event.objects.get(action="tenant.reopened").reason == "they asked"
