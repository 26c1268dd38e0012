"""Rule 6: a tenant keeps an active owner, whoever changes whom at the same moment."""

from uuid import UUID

from tenants.models import Membership, MemberType, Tenant
from tenants.operations.refusals import LastOwner


def take_turns(tenant_id: UUID) -> None:
    """Wait until nobody else changes memberships of this tenant; lasts until the transaction ends.

    Whoever changes a membership, or the binding that makes an owner one, calls this before locking any other row:
    with one first lock there is no circle to wait in. References to the tenant (FOR KEY SHARE) are not held up.
    """
    Tenant.objects.select_for_update(no_key=True).only("id").get(pk=tenant_id)


def keep_an_owner(membership: Membership) -> None:
    """Raise LastOwner if nobody but this member is an active owner. The caller has taken its turn.

    The trigger of sql/last_owner.sql says the same to whatever does not come through the verbs.
    """
    if (membership.type, membership.status) != (MemberType.OWNER, Membership.Status.ACTIVE):
        return
    owners = Membership.objects.filter(
        tenant_id=membership.tenant_id, type=MemberType.OWNER, status=Membership.Status.ACTIVE
    )
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner
