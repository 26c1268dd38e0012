"""What tests of a tenant's verbs share: who does it when, and what it left behind."""

from typing import Any

from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from tenants.models import Membership, Tenant


def by(user: Any, type: str = "owner") -> Actor:
    return Actor("member", user.pk, "Somebody", capacity=type)


def at(acme: Tenant, actor: Actor = SYSTEM, now: Any = None) -> dict[str, Any]:
    return {"tenant_id": acme.pk, "actor": actor, "now": now or timezone.now()}


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def type_of(user: Any) -> tuple[str, str]:
    row = Membership.objects.get(user=user)
    return row.type, row.status
