"""Who does something, and as what."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """Who acts, as an event records it.

    ``kind``: member, end_user, service_account, application, client, identity or system. ``id``: a users.id, the
    service account's, Application's or client's id, or for identity the identity's id. ``capacity``: as what, the
    member type.
    ``via``: console, api, oauth or command. ``policies``: ids of the Cedar policies that allowed the action.
    ``mfa_at``: when the actor last completed a second factor, for bindings that ask for one.
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

    def to_json(self) -> dict[str, Any]:
        """The actor as a job keeps it until its events are written."""
        return asdict(self) | {
            "id": self.id and str(self.id),
            "policies": list(self.policies),
            "mfa_at": self.mfa_at and self.mfa_at.isoformat(),
        }

    def consequence(self) -> "Actor":
        """The system, doing what follows from this actor's deed: from the same place, in the same request."""
        return replace(SYSTEM, ip=self.ip, via=self.via, request_id=self.request_id, policies=self.policies)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Actor":
        """The actor that :meth:`to_json` kept."""
        return cls(
            **kept
            | {
                "id": kept["id"] and UUID(kept["id"]),
                "policies": tuple(kept["policies"]),
                "mfa_at": kept["mfa_at"] and datetime.fromisoformat(kept["mfa_at"]),
            }
        )


SYSTEM = Actor(kind="system", id=None, name="AuthSec", via="command")
