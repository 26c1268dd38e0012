"""May this person do this in the console or the API? A decision with its reasons."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

PERMISSIONS = """
select distinct permission, role_name from effective_console(%s, %s, %s, %s, %s, %s)
 where application_id is null or application_id = %s
"""


@dataclass(frozen=True)
class Decision:
    """``allowed``, why in words, and the ids of the policies that determined it."""

    allowed: bool
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


def decide(
    *,
    tenant_id: UUID,
    user_id: UUID,
    action: str,
    mfa_at: datetime | None,
    ip: str | None,
    now: datetime,
    subject_kind: str = "user",
    application_id: UUID | None = None,
) -> Decision:
    """Decide ``action`` for a subject from the live bindings. One statement; absence is no."""
    with connection.cursor() as cursor:
        cursor.execute(PERMISSIONS, [tenant_id, subject_kind, user_id, now, mfa_at, ip, application_id])
        held = cursor.fetchall()
    roles = tuple(role for permission, role in held if permission == action)
    if roles:
        return Decision(True, tuple(f"{role} gives {action}" for role in roles), ("console-permission",))
    return Decision(False, (f"No role of yours gives {action}.",))
