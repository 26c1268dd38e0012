"""Writing many events in the statement that makes the changes: the same row as ``operations.record`` writes."""

import secrets
from datetime import datetime
from typing import Any

from authsec.audit.actor import Actor

# A UUIDv7 (RFC 9562 §5.7) for each row of a statement, which PostgreSQL 16 and 17 cannot make themselves: the moment
# and random bits from here, and behind them a random number that counts up with ``f.n``, the row's own. A dedicated
# counter as §6.2 has it: rows of one statement land side by side at the index's end.
NEW_ID = "(%(id_head)s || lpad(to_hex(%(id_start)s + f.n), 12, '0'))::uuid"
ROOM = 1 << 47  # below the counter's 48 bits by as much again


def stamp(now: datetime) -> str:
    """The time as a UUIDv7 begins with it."""
    digits = f"{int(now.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def id_values(now: datetime) -> dict[str, Any]:
    """The values that :data:`NEW_ID` names."""
    return {
        "id_head": f"{stamp(now)}-7{secrets.randbits(12):03x}-{0x8000 | secrets.randbits(14):04x}-",
        "id_start": secrets.randbelow(ROOM),
    }


def insertion(
    source: str,
    *,
    target_id: str,
    target_name: str,
    before: str = "null::jsonb",
    after: str = "null::jsonb",
    about_id: str = "null::uuid",
    action: str = "%(action)s",
) -> str:
    """``insert into audit_event``, one event for each row of ``source`` (what stands behind FROM),
    which numbers its rows: ``f.n``.

    Everything given is SQL of ours, never a value: values come by :func:`event_values`.
    """
    return f"""
  insert into audit_event (id, tenant_id, at, actor_kind, actor_id, actor_name, actor_capacity, action, target_kind,
    target_id, target_name, about_id, reason, ip, via, request_id, policies, before, after)
  select {NEW_ID}, %(tenant)s, %(now)s, %(actor_kind)s, %(actor_id)s::uuid, %(actor_name)s, %(actor_capacity)s,
         {action}, %(target_kind)s, {target_id}, left({target_name}, 255), {about_id}, %(event_reason)s,
         %(ip)s::inet, %(via)s, %(request_id)s, %(policies)s::varchar[], {before}, {after}
    from {source}"""  # noqa: S608 - put together from constants


def event_values(
    *, actor: Actor, action: str, target_kind: str, reason: str, now: datetime
) -> dict[str, Any]:
    """The values that :func:`insertion` names, besides ``tenant``."""
    return {
        "now": now,
        **id_values(now),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "actor_capacity": actor.capacity,
        "action": action,
        "target_kind": target_kind,
        "event_reason": reason,
        "ip": actor.ip,
        "via": actor.via,
        "request_id": actor.request_id,
        "policies": list(actor.policies),
    }
