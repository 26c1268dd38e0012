"""Who does something, and as what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """Who acts, as an event records it.

    ``kind``: member, end_user, service_account, identity or system. ``id``: a users.id, a service account's id, or
    for identity the identity's id. ``capacity``: as what, the member type. ``via``: console, api, oauth or command.
    ``policies``: ids of the Cedar policies that allowed the action. ``mfa_at``: when the actor last completed a
    second factor, for bindings that ask for one.
    """

    kind: str
    id: UUID | None
    name: str
    capacity: str = ""
    ip: str | None = None
    via: str = ""
    request_id: str = ""
    policies: tuple[str, ...] = ()
    mfa_at: datetime | None = None


SYSTEM = Actor(kind="system", id=None, name="AuthSec", via="command")
