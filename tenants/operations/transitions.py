"""The life of a membership as data: every change that there is, the verb that makes it and the event it writes.

The verbs of ``tenants.operations`` ask this table and know no other rule; what stands neither in CHANGES nor in STAYS
is refused with the sentence of REFUSED. A test walks every verb over every status.
"""

from dataclasses import dataclass

from tenants.models import Membership
from tenants.operations.refusals import NotAMember, WrongStatus

NONE = "none"  # no membership was ever written for this person
INVITED, ACTIVE = Membership.Status.INVITED.value, Membership.Status.ACTIVE.value
SUSPENDED, LEFT = Membership.Status.SUSPENDED.value, Membership.Status.LEFT.value
STATUSES = (NONE, INVITED, ACTIVE, SUSPENDED, LEFT)
VERBS = (
    "add_member",
    "change_member_type",
    "suspend_member",
    "reactivate_member",
    "remove_member",
    "leave_tenant",
)


@dataclass(frozen=True)
class Change:
    """``verb`` makes ``after`` of ``before``, and writes ``event`` in the same transaction."""

    verb: str
    before: str
    after: str
    event: str


CHANGES = (
    Change("add_member", NONE, ACTIVE, "member.added"),
    Change("add_member", INVITED, ACTIVE, "member.added"),
    Change("add_member", LEFT, ACTIVE, "member.added"),
    Change("change_member_type", ACTIVE, ACTIVE, "member.type_changed"),
    Change("change_member_type", SUSPENDED, SUSPENDED, "member.type_changed"),
    Change("suspend_member", ACTIVE, SUSPENDED, "member.suspended"),
    Change("reactivate_member", SUSPENDED, ACTIVE, "member.reactivated"),
    Change("remove_member", ACTIVE, LEFT, "member.removed"),
    Change("remove_member", SUSPENDED, LEFT, "member.removed"),
    Change("leave_tenant", ACTIVE, LEFT, "member.left"),
)
# Already so: the verb answers with the membership as it stands, and writes nothing. An invitation that a suspended
# member accepts ends no suspension.
STAYS = {
    ("add_member", ACTIVE),
    ("add_member", SUSPENDED),
    ("suspend_member", SUSPENDED),
    ("reactivate_member", ACTIVE),
    ("remove_member", LEFT),
    ("leave_tenant", LEFT),
}
NOT_YET = "They have not accepted yet. Revoke the invitation, or send another one."
GONE = "They have left. An invitation brings them back."
REFUSED = {
    ("change_member_type", INVITED): NOT_YET,
    ("suspend_member", INVITED): NOT_YET,
    ("reactivate_member", INVITED): NOT_YET,
    ("remove_member", INVITED): NOT_YET,
    ("leave_tenant", INVITED): "You have not accepted the invitation: there is nothing to leave.",
    ("change_member_type", LEFT): GONE,
    ("suspend_member", LEFT): GONE,
    ("reactivate_member", LEFT): GONE,
    # Whoever left is no longer suspended, and could come back as a consumer (Rule 3).
    ("leave_tenant", SUSPENDED): "You are suspended here. An owner or admin can reactivate or remove you.",
}


def change(verb: str, status: str) -> Change | None:
    """What the verb makes of a membership in this status; None where it stays as it is.

    Raises NotAMember where there is no membership, WrongStatus where the status does not allow it.
    """
    for allowed in CHANGES:
        if (allowed.verb, allowed.before) == (verb, status):
            return allowed
    if (verb, status) in STAYS:
        return None
    if status == NONE:
        raise NotAMember("This person is not a member here.")
    raise WrongStatus(REFUSED[verb, status])


def may(verb: str, status: str) -> bool:
    """Whether the verb would change a membership in this status: for showing a button, never for deciding."""
    return any((allowed.verb, allowed.before) == (verb, status) for allowed in CHANGES)
