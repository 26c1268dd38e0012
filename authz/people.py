"""People as this context needs them: their names, and who can be given access."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from authsec.database.fields import uuid_array
from endusers.models import EndUser
from tenants.models import Membership, Profile, TenantUser

# Many may hold these locks at once; whoever changes a membership waits for them.
HOLD = """
select user_id, status from tenants_membership where tenant_id = %s and user_id = any(%s::uuid[])
 order by user_id for key share
"""


@dataclass(frozen=True)
class Card:
    """A person of the tenant in a few words. ``state``: ``left`` for good, ``suspended``, or ``added``: may be given
    access.
    """

    name: str
    email: str
    state: str


def reachable(tenant_id: UUID, user_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the ids that are people of this tenant and have not left it for good; none leaves until the transaction
    ends, so that leaving takes along what they are given in it (Rule 9).

    Asked before the caller locks anything else: who leaves holds their own row first, and then groups and accounts.
    """
    known = set(TenantUser.objects.filter(tenant_id=tenant_id, pk__in=user_ids).values_list("id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [tenant_id, uuid_array(known)])
        left = {user_id for user_id, status in cursor.fetchall() if status == Membership.Status.LEFT}
    if left:
        left -= set(EndUser.objects.filter(tenant_id=tenant_id, pk__in=left).values_list("pk", flat=True))
    return known - left


def is_reachable(tenant_id: UUID, user_id: UUID | None) -> bool:
    """Whether a person may be given access here: known to the tenant, and not gone."""
    return user_id is not None and bool(reachable(tenant_id, [user_id]))


def by_email(tenant_id: UUID, emails: Iterable[str]) -> dict[str, UUID]:
    """Lower-cased address → users.id, for the addresses that this tenant knows."""
    wanted = {email.strip().lower() for email in emails}
    rows = Profile.objects.filter(tenant_id=tenant_id, email__in=wanted)
    return {email.lower(): user_id for email, user_id in rows.values_list("email", "user_id")}


def name_of(tenant_id: UUID, user_id: UUID | None) -> str:
    """What a person is called here: display name, else e-mail, else the id."""
    return names_of(tenant_id, [user_id]).get(user_id, str(user_id or "")) if user_id else ""


def names_of(tenant_id: UUID, user_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """users.id → name. One statement."""
    rows = Profile.objects.filter(tenant_id=tenant_id, user_id__in={key for key in user_ids if key})
    return {key: name or email for key, name, email in rows.values_list("user_id", "display_name", "email")}


def cards(tenant_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, Card]:
    """users.id → who that is, for those of the ids that this tenant knows. One statement."""
    rows = TenantUser.objects.filter(tenant_id=tenant_id, pk__in=set(user_ids)).values_list(
        "id",
        "profiles__display_name",
        "profiles__email",
        "memberships__status",
        "end_user__status",
    )
    return {
        key: Card(name or email or str(key), email or "", _state(member, consumer))
        for key, name, email, member, consumer in rows
    }


def _state(member: str | None, consumer: str | None) -> str:
    if member == Membership.Status.LEFT and consumer is None:
        return "left"
    return "suspended" if "suspended" in (member, consumer) else "added"
