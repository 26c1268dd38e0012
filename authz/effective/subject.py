"""Whom Effective Access is about: a person or a service account of the tenant, and whether they stand (Rule 3)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

FIND = "select * from subjects(%s, %s, %s, %s)"
MANY = 20
MAX_TEXT = 200

SENTENCES = {
    "tenant_closed": "The tenant is closed.",
    "membership_suspended": "Suspended as a member.",
    "end_user_suspended": "Suspended as an end user.",
    "no_membership": "Neither an active member nor an end user here.",
    "not_there_yet": "Had not joined yet.",
    "not_a_member": "Not an active member: the console is for members.",
    "application_disabled": "The Application is disabled.",
    "service_account_ended": "The service account has ended.",
    "service_account_not_made_yet": "The service account did not exist yet.",
}


@dataclass(frozen=True)
class Standing:
    """May this subject hold any access at all? ``reasons`` are keys of SENTENCES, empty when it may."""

    active: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A person (kind ``user``, id a users.id) or a service account as they were ``at`` a moment, with what their
    standing follows from. Names and addresses are today's.

    Statuses are None where nothing was there; ``since``: joined, or made (None: joined anew later). ``appears_at``:
    when somebody came who was neither member nor end user yet, or an account was made that was not there; else None.
    """

    kind: str
    id: UUID
    name: str
    email: str | None
    tenant_open: bool
    member_type: str | None
    member_status: str | None
    member_reason: str | None
    since: datetime | None
    end_user_status: str | None
    end_user_reason: str | None
    first_consent_at: datetime | None
    plan_tier: str | None
    ended_at: datetime | None
    appears_at: datetime | None = None
    at: datetime | None = None

    @property
    def is_member(self) -> bool:
        """Whether an active membership stands: ``invited`` and ``left`` count as none."""
        return self.member_status == "active"

    @property
    def short_name(self) -> str:
        """How a sentence begins: a person's first name, an account's whole name."""
        return self.name.split()[0] if self.kind == "user" and " " in self.name else self.name

    @property
    def type_words(self) -> str:
        """The member type as people read it: *service operator*."""
        return (self.member_type or "").replace("_", " ")

    def enters_console(self, at: datetime) -> bool:
        """Whether power in the console and the management API counts: for active members, whatever they are as
        consumers (Rule 3), and for service accounts that are there. ``at``: the moment it was loaded for.
        """
        lives = self.appears_at is None and (self.ended_at is None or self.ended_at > at)
        return self.tenant_open and (self.is_member if self.kind == "user" else lives)

    def standing(self, at: datetime) -> Standing:
        """Rule 3 for this subject; ``at``: the moment it was loaded for."""
        reasons = []
        if not self.tenant_open:
            reasons.append("tenant_closed")
        if self.kind == "service_account":
            if self.ended_at and self.ended_at <= at:
                reasons.append("service_account_ended")
            if self.appears_at:
                reasons.append("service_account_not_made_yet")
            return Standing(not reasons, tuple(reasons))
        if self.member_status == "suspended":
            reasons.append("membership_suspended")
        if self.end_user_status == "suspended":
            reasons.append("end_user_suspended")
        if self.member_status not in ("active", "suspended") and self.end_user_status is None:
            reasons.append("not_there_yet" if self.appears_at else "no_membership")
        return Standing(not reasons, tuple(reasons))


def load(subject_id: UUID, at: datetime | None = None) -> Subject | None:
    """The subject with this id in the tenant in force, as it was at a moment (None: now), or None. One statement."""
    found = _ask("id", str(subject_id), 1, at)
    return found[0] if found else None


def find(text: str, *, most: int = MANY, at: datetime | None = None) -> list[Subject]:
    """Subjects that a typed id, address or part of a name can mean, at most ``most``, as they were at a moment.

    One statement. ``at`` None: now. An id or a whole address means that one; part of a name needs no exact case.
    """
    text = text.strip()[:MAX_TEXT].replace("\x00", "")
    if not text:
        return []
    try:
        return _ask("id", str(UUID(text)), 1, at)
    except ValueError:
        pass
    if "@" in text.strip("@") and (exact := _ask("email", text.lower(), most, at)):
        return exact
    pattern = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    # Two letters have no trigram: the beginning of a name or an address is what can be looked up.
    return _ask("text", f"%{pattern}%" if len(text) > 2 else f"{pattern}%", most, at)


def _ask(how: str, text: str, limit: int, at: datetime | None) -> list[Subject]:
    with connection.cursor() as cursor:
        cursor.execute(FIND, [how, text, limit, at or timezone.now()])
        return [Subject(*row) for row in cursor.fetchall()]
