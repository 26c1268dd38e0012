"""Opening a tenant: by name, or a personal one at the first visit. Both enter their own contexts."""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import app_context, system_context, tenant_context
from tenants.models import Identity, Membership, MemberType, Tenant
from tenants.operations.member import COUNTS_AS_MEMBERSHIP, add_member
from tenants.operations.naming import checked_name, checked_slug
from tenants.operations.refusals import SlugTaken, TooManyTenants, UnverifiedEmail
from tenants.operations.user import ensure_user
from tenants.queries import memberships_of, openings_of
from tenants.signals import tenant_opened
from tenants.slugs import candidates

HOUR = timedelta(hours=1)
OPENINGS = 10  # tenants that one identity may open within an hour, the personal one included


def open_tenant(
    *,
    name: str,
    owner: Identity,
    actor: Actor,
    now: datetime,
    slug: str | None = None,
    personal: bool = False,
    plan: str = Tenant.Plan.FREE,
) -> Tenant:
    """Open a tenant with its first owner.

    Enters its own contexts: the system's for the tenant's row, then the new tenant's, in which the receivers of
    ``tenant_opened`` and ``membership_changed`` write what they need. Raises BadSlug or SlugTaken; without ``slug``
    one is made from the name (random words for a personal tenant).
    """
    with app_context():
        tenant = _insert_tenant(name, slug, now, personal=personal, plan=plan)
        with tenant_context(tenant.id):
            user = ensure_user(tenant_id=tenant.id, identity=owner, now=now)
            tenant_opened.send(Tenant, tenant=tenant, owner=user, actor=actor, now=now)
            record(
                tenant_id=tenant.id,
                actor=actor,
                action="tenant.opened",
                target_kind="tenant",
                target_id=tenant.id,
                target_name=tenant.name,
                now=now,
                after={"slug": tenant.slug},
            )
            add_member(
                tenant_id=tenant.id,
                identity=owner,
                type=MemberType.OWNER,
                source=Membership.Source.SIGNUP,
                actor=actor,
                now=now,
            )
    return tenant


def open_own_tenant(
    *, identity: Identity, name: str, slug: str | None = None, actor: Actor, now: datetime
) -> Tenant:
    """Open a tenant because somebody wants another one, and make them its owner.

    Raises UnverifiedEmail, TooManyTenants (OPENINGS within an hour), BadName, BadSlug or SlugTaken. Two requests at
    one moment take turns on the identity's row, so that together they cannot pass the limit.
    """
    name, slug = checked_name(name), checked_slug(slug) if slug else None
    with app_context():
        if not EmailAddress.objects.filter(user=identity, verified=True).exists():
            raise UnverifiedEmail("Confirm your e-mail address first.")
        Identity.objects.select_for_update().get(pk=identity.pk)
        opened = openings_of(identity.pk, since=now - HOUR)
        if len(opened) >= OPENINGS:
            wait = opened[-OPENINGS] + HOUR - now
            raise TooManyTenants(retry_after=max(int(wait.total_seconds()) + 1, 1))
        return open_tenant(name=name, slug=slug, owner=identity, actor=actor, now=now)


def ensure_personal_tenant(*, identity: Identity, actor: Actor, now: datetime) -> Tenant | None:
    """Open a personal tenant for a verified identity that has no membership yet (Rule 9); else None.

    Two first visits at once open one tenant: the identity's row is locked before the second look. ``invited`` and
    ``left`` count as no membership (Rule 3).
    """

    def belongs_somewhere() -> bool:
        return any(card.status in COUNTS_AS_MEMBERSHIP for card in memberships_of(identity.pk))

    with app_context():
        if belongs_somewhere() or not EmailAddress.objects.filter(user=identity, verified=True).exists():
            return None
        Identity.objects.select_for_update().get(pk=identity.pk)
        if belongs_somewhere():
            return None
        return open_tenant(name="", owner=identity, actor=actor, now=now, personal=True)


def _insert_tenant(name: str, slug: str | None, now: datetime, *, personal: bool, plan: str) -> Tenant:
    for candidate in [checked_slug(slug)] if slug is not None else candidates("" if personal else name):
        try:
            with system_context():
                return Tenant.objects.create(
                    slug=candidate,
                    name=name or candidate,
                    plan=plan,
                    personal=personal,
                    created_at=now,
                )
        except IntegrityError:
            continue
    raise SlugTaken(f"The slug “{slug}” is taken." if slug else "No free slug was found.")
