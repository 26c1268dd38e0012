"""What each line of a pasted list of people would come to, if they were added to a group."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from authsec.database.context import tenant_context
from authz import people
from authz.group_members import MAX_AT_ONCE
from authz.models import GroupMember
from authz.refusals import Refused

# An address in angle brackets, a quoted name, or anything between blanks, commas and semicolons.
ENTRY = re.compile(r'<(?P<bracket>[^<>\n]*)>|(?P<name>"[^"\n]*")|(?P<word>[^\s,;<>"]+)')


@dataclass(frozen=True)
class Fate:
    """What adding would do about one thing that somebody wrote down.

    ``state``: ``added``; ``suspended`` (added, though it gives nothing until they are reactivated); ``inside`` already;
    ``repeated`` further up; ``left``; ``unknown`` here; ``malformed``: neither an address nor an id.
    """

    said: str
    state: str
    user_id: UUID | None = None
    name: str = ""
    email: str = ""

    @property
    def is_added(self) -> bool:
        """Whether pressing the button adds this person."""
        return self.state in ("added", "suspended")


def read_list(text: str) -> list[str]:
    """The addresses and ids in what somebody pasted: lines, commas, semicolons, ``Name <address>`` as mail programs
    write it. Words beside an address are its name; what has none is given back as it stands, to be told of.
    """
    entries: list[str] = []
    for line in text.splitlines():
        found = list(ENTRY.finditer(line))
        said = [
            match["bracket"].strip() if match["bracket"] is not None else match["word"] for match in found
        ]
        meant = [
            word
            for match, word in zip(found, said, strict=True)
            if word and (match["bracket"] is not None or _means_somebody(word))
        ]
        entries += meant or (
            [part.strip() for part in re.split("[,;]", line) if part.strip()] if any(said) else []
        )
    return entries


def fates(*, tenant_id: UUID, group_id: UUID, entries: Sequence[str]) -> list[Fate]:
    """What adding these addresses and ids would come to, one by one, in their order. Changes nothing.

    Three statements, however many entries. Raises Refused for more than MAX_AT_ONCE.
    """
    if len(entries) > MAX_AT_ONCE:
        raise Refused({"people": f"At most {MAX_AT_ONCE} people at once: these are {len(entries):,}."})
    with tenant_context(tenant_id):
        by_email = people.by_email(tenant_id, filter(_is_email, entries))
        meant = {entry: _id(entry) or by_email.get(entry.lower()) for entry in entries}
        known = people.cards(tenant_id, [key for key in meant.values() if key])
        live = GroupMember.objects.filter(tenant_id=tenant_id, group_id=group_id, ended_at=None)
        inside = set(live.filter(user_id__in=known).values_list("user_id", flat=True))
    told: list[Fate] = []
    seen: set[Any] = set()
    for entry in entries:
        key = meant[entry]
        card = known.get(key) if key else None
        repeated = (key or entry.lower()) in seen
        seen.add(key or entry.lower())
        if card is None:
            state = "unknown" if _id(entry) or _is_email(entry) else "malformed"
            told.append(Fate(entry, "repeated" if repeated else state))
            continue
        state = "repeated" if repeated else "inside" if key in inside else card.state
        told.append(Fate(entry, state, key, card.name, card.email))
    return told


def _means_somebody(word: str) -> bool:
    return "@" in word or _id(word) is not None


def _id(entry: str) -> UUID | None:
    try:
        return UUID(entry)
    except ValueError:
        return None


def _is_email(entry: str) -> bool:
    try:
        validate_email(entry)
    except ValidationError:
        return False
    return "\x00" not in entry
