"""Changes of one person: membership, state as an end user, plan tier."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.fields import uuid7
from authz.refusals import Refused
from authz.what_if.changes.base import WHY, Change, about_somebody
from authz.what_if.reach import Roots
from endusers import operations as endusers
from endusers.bulk import changes as bulk
from endusers.bulk.verbs import Run
from endusers.models import EndUser
from tenants import operations as tenants
from tenants.models import MemberType

LOOKED_AT = 500  # as many as one what if looks at


@dataclass(frozen=True, kw_only=True)
class OfPerson(Change):
    """A change of one person, whom alone it touches. ``verb``: what is called about them, with ``more()`` besides."""

    verb: ClassVar[Callable[..., Any]]
    user_id: UUID

    def more(self) -> dict[str, Any]:
        """What the verb takes beside the person. Raises Refused."""
        return {}

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return about_somebody(
            type(self).verb, tenant_id=tenant_id, user_id=self.user_id, actor=actor, now=now, **self.more()
        )

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(users=frozenset([self.user_id]))


@dataclass(frozen=True, kw_only=True)
class SuspendMember(OfPerson):
    kind: ClassVar[str] = "suspend_member"
    permission: ClassVar[str] = "team:update"
    verb = staticmethod(tenants.suspend_member)

    def more(self) -> dict[str, Any]:
        return {"reason": WHY}


@dataclass(frozen=True, kw_only=True)
class ReactivateMember(OfPerson):
    kind: ClassVar[str] = "reactivate_member"
    permission: ClassVar[str] = "team:update"
    verb = staticmethod(tenants.reactivate_member)


@dataclass(frozen=True, kw_only=True)
class RemoveMember(OfPerson):
    """The membership ends, and what was given to the person directly, through groups and accounts (Rule 9)."""

    kind: ClassVar[str] = "remove_member"
    permission: ClassVar[str] = "team:update"
    verb = staticmethod(tenants.remove_member)


@dataclass(frozen=True, kw_only=True)
class ChangeMemberType(OfPerson):
    kind: ClassVar[str] = "change_member_type"
    permission: ClassVar[str] = "team:update"
    verb = staticmethod(tenants.change_member_type)
    type: str

    def more(self) -> dict[str, Any]:
        if self.type not in MemberType.values:
            raise Refused({"type": f"One of {', '.join(MemberType.values)}."})
        return {"type": self.type}


@dataclass(frozen=True, kw_only=True)
class SuspendEndUser(OfPerson):
    kind: ClassVar[str] = "suspend_end_user"
    permission: ClassVar[str] = "endusers:suspend"
    verb = staticmethod(endusers.suspend)

    def more(self) -> dict[str, Any]:
        return {"reason": WHY}


@dataclass(frozen=True, kw_only=True)
class ReactivateEndUser(OfPerson):
    kind: ClassVar[str] = "reactivate_end_user"
    permission: ClassVar[str] = "endusers:suspend"
    verb = staticmethod(endusers.reactivate)


@dataclass(frozen=True, kw_only=True)
class SetPlanTier(OfPerson):
    """``plan_tier`` is a tier's key."""

    kind: ClassVar[str] = "set_plan_tier"
    permission: ClassVar[str] = "endusers:update"
    verb = staticmethod(endusers.set_plan_tier)
    plan_tier: str

    def more(self) -> dict[str, Any]:
        return {"tier_key": self.plan_tier}

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        try:
            return super().perform(tenant_id=tenant_id, actor=actor, now=now)
        except endusers.UnknownTier as error:
            raise Refused({"plan_tier": str(error)}) from error


@dataclass(frozen=True, kw_only=True)
class MoveHolders(Change):
    """Everybody who holds a tier goes to another one (a key). It is no kind of its own in the API: a job does it.

    The attempt moves the first LOOKED_AT, in the order in which people are looked at: nobody else is asked about.
    """

    permission: ClassVar[str] = "endusers:update"
    plan_tier_id: UUID
    to: str

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        holders = EndUser.objects.filter(tenant_id=tenant_id, plan_tier_id=self.plan_tier_id)
        ids = list(holders.order_by("user_id").values_list("user_id", flat=True)[:LOOKED_AT])
        try:
            return bulk.set_plan_tier(Run(tenant_id, uuid7(), actor, now, {"plan_tier": self.to}), ids)
        except endusers.UnknownTier as error:
            raise Refused({"plan_tier": str(error)}) from error

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(tiers=frozenset([self.plan_tier_id]))
