"""The life of a membership: every verb over every status does what the table says, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from tenants import operations
from tenants.models import Membership
from tenants.operations import transitions
from tenants.operations.transitions import (
    CHANGES,
    INVITED,
    LEFT,
    NONE,
    REFUSED,
    STATUSES,
    STAYS,
    SUSPENDED,
    VERBS,
)
from tests import cast

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "operate.md"
CELLS = [(verb, status) for verb in VERBS for status in STATUSES]
ALLOWED = {(change.verb, change.before): change for change in CHANGES}


@pytest.fixture
def acme() -> Any:
    return cast.open_tenant()


def person_in(acme: Any, status: str) -> Any:
    """A person's user row whose membership has this status."""
    if status == NONE:
        return cast.user_of(acme, "alice@acme.example")
    user = cast.member(acme, "alice@acme.example")
    now = timezone.now()
    with tenant_context(acme.id):
        columns = {SUSPENDED: {"suspended_at": now}, LEFT: {"left_at": now}}.get(status, {})
        Membership.objects.filter(tenant=acme, user=user).update(status=status, **columns)
    return user


def call(verb: str, acme: Any, user: Any) -> Any:
    common: dict[str, Any] = {"tenant_id": acme.id, "actor": SYSTEM, "now": timezone.now()}
    if verb == "add_member":
        common |= {"identity": user.identity, "type": "member", "source": "invite"}
    else:
        common |= {"user_id": user.id}
    common |= {"suspend_member": {"reason": "x"}, "change_member_type": {"type": "admin"}}.get(verb, {})
    return getattr(operations, verb)(**common)


def membership_events() -> list[str]:
    events = Event.objects.filter(action__startswith="member.").order_by("id")
    return list(events.values_list("action", flat=True))


@pytest.mark.parametrize(("verb", "status"), CELLS)
def test_a_verb_makes_of_a_status_what_the_table_says(acme: Any, verb: str, status: str) -> None:
    user = person_in(acme, status)
    with tenant_context(acme.id):
        before = membership_events()
        if change := ALLOWED.get((verb, status)):
            assert call(verb, acme, user).status == change.after
            assert Membership.objects.get(user=user).status == change.after
            assert membership_events() == [*before, change.event]
            return
        if (verb, status) in STAYS:
            assert call(verb, acme, user).status == status
        else:
            expected = operations.NotAMember if status == NONE else operations.WrongStatus
            with pytest.raises(expected, match=re.escape(REFUSED.get((verb, status), "not a member"))):
                call(verb, acme, user)
        assert [row.status for row in Membership.objects.filter(user=user)] == [status] * (status != NONE)
        assert membership_events() == before


def test_the_table_speaks_of_every_cell_once() -> None:
    spoken = [*ALLOWED, *STAYS, *REFUSED, *((verb, NONE) for verb in VERBS if verb != "add_member")]
    assert sorted(spoken) == sorted(CELLS)


def test_whoever_left_comes_back_by_being_added_only() -> None:
    assert [change.verb for change in CHANGES if change.before == LEFT] == ["add_member"]
    assert [change.verb for change in CHANGES if change.before == INVITED] == ["add_member"]


def test_the_docs_print_the_table_that_the_verbs_follow() -> None:
    printed = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \| `([\w.]+)` \|", DOCS.read_text(), re.MULTILINE)
    assert [transitions.Change(*row) for row in printed] == list(CHANGES)
