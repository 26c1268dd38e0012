"""What every change that can be tried out has in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from authsec.audit.actor import Actor
from authz.refusals import Refused
from authz.what_if.reach import Roots
from endusers import operations as endusers
from tenants import operations as tenants

WHY = "What if"  # the reason that a verb is given which asks for one: nobody ever reads it

KINDS: dict[str, type["Change"]] = {}


@dataclass(frozen=True, kw_only=True)
class Change(ABC):
    """One change as a value: ``kind`` is its name in the API, ``permission`` the Cedar action of the real verb.

    A subclass is a kind. Its fields are the verb's arguments.
    """

    kind: ClassVar[str] = ""
    permission: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.kind:
            KINDS[cls.kind] = cls

    @abstractmethod
    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        """Do it, with the real verb. Raises what that raises; a row that isn't there is Refused with its field."""

    @abstractmethod
    def roots(self, tenant_id: UUID) -> Roots:
        """Whom it may touch, as things are before it. Inside the tenant's context."""


def about_somebody(verb: Callable[..., Any], **arguments: Any) -> Any:
    """Call a verb about a person, who may not be there as what it is about: then Refused names ``user_id``."""
    try:
        return verb(**arguments)
    except (tenants.NotAMember, endusers.NotAnEndUser) as error:
        raise Refused({"user_id": str(error) or "There is no such person here."}) from error
