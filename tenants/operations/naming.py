"""The verbs about what a tenant is called. Each runs inside the caller's ``tenant_context(tenant_id)``."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from tenants.models import SlugHistory, Tenant
from tenants.operations.refusals import BadName, BadSlug, SlugTaken, TenantClosed, TooManySlugs
from tenants.slugs import valid_slug

NAME_LENGTH = 100
# New slugs that a tenant may take within SLUG_TIME, its first included: each is gone for everybody else, for good.
SLUGS = 10
SLUG_TIME = timedelta(days=30)


def checked_name(name: str) -> str:
    """The name as it is kept, its ends trimmed. Raises BadName."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise BadName(f"A name of 1 to {NAME_LENGTH} characters.")
    return name


def checked_slug(slug: str) -> str:
    """The slug, unchanged. Raises BadSlug."""
    if not valid_slug(slug):
        raise BadSlug(
            f"“{slug[:80]}” cannot be a slug: small letters, digits and single hyphens, 2 to 63 of them."
        )
    return slug


def rename_tenant(*, tenant_id: UUID, name: str, actor: Actor, now: datetime) -> Tenant:
    """Give the tenant another name. Raises BadName or TenantClosed; the same name: returned unchanged."""
    name, tenant = checked_name(name), open_and_locked(tenant_id)
    if tenant.name == name:
        return tenant
    before, tenant.name = tenant.name, name
    tenant.save(update_fields=["name"])
    record_tenant(tenant, "tenant.renamed", actor, now, before={"name": before}, after={"name": name})
    return tenant


def change_slug(*, tenant_id: UUID, slug: str, actor: Actor, now: datetime) -> Tenant:
    """Give the tenant another word in the console's addresses; ids and the API stay.

    The old slug stays this tenant's for good: it leads its members on, nobody else can take it, and the tenant can
    take it back. Raises BadSlug, SlugTaken, TooManySlugs (SLUGS within SLUG_TIME) or TenantClosed; the same slug:
    returned unchanged.
    """
    slug, tenant = checked_slug(slug), open_and_locked(tenant_id)
    if tenant.slug == slug:
        return tenant
    _within_the_slugs(tenant_id, slug, now)
    before, tenant.slug = tenant.slug, slug
    try:
        with transaction.atomic():
            tenant.save(update_fields=["slug"])
    except IntegrityError as error:
        raise SlugTaken(f"The slug “{slug}” is taken.") from error
    record_tenant(tenant, "tenant.slug_changed", actor, now, before={"slug": before}, after={"slug": slug})
    return tenant


def _within_the_slugs(tenant_id: UUID, slug: str, now: datetime) -> None:
    """Raise TooManySlugs when a new one would pass the limit; the tenant's own old ones are always free to it."""
    mine = SlugHistory.objects.filter(tenant_id=tenant_id)
    if mine.filter(slug=slug).exists():
        return
    taken = list(
        mine.filter(claimed_at__gt=now - SLUG_TIME)
        .order_by("-claimed_at")
        .values_list("claimed_at", flat=True)[:SLUGS]
    )
    if len(taken) == SLUGS:
        wait = taken[-1] + SLUG_TIME - now
        raise TooManySlugs(retry_after=max(int(wait.total_seconds()) + 1, 1))


def open_and_locked(tenant_id: UUID) -> Tenant:
    """The tenant's row, locked until the transaction ends. Raises TenantClosed."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.status != Tenant.Status.OPEN:
        raise TenantClosed("This tenant is closed.")
    return tenant


def record_tenant(tenant: Tenant, action: str, actor: Actor, now: datetime, **more: Any) -> None:
    """Write an event about the tenant itself."""
    record(
        tenant_id=tenant.pk,
        actor=actor,
        action=action,
        target_kind="tenant",
        target_id=tenant.pk,
        target_name=tenant.name,
        now=now,
        **more,
    )
