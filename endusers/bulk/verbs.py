"""What can be done to many end users at once. A context above registers here what needs its own rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms

from authsec.audit.actor import Actor
from endusers.models import Outcome

Fate = Outcome.Fate
Fates = list[tuple[UUID, str]]


@dataclass(frozen=True)
class Run:
    """One chunk of a job: in which tenant, for which job, who asked, the moment that the changes count from, and what
    was asked for. ``undoes``: the job whose changes are taken back. ``several``: the job does more than one thing to a
    person.
    """

    tenant_id: UUID
    job_id: UUID
    actor: Actor
    now: datetime
    params: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    undoes: UUID | None = None
    several: bool = False


class NoParams(forms.Form):
    """A verb that needs nothing besides whom."""

    def kept(self) -> dict[str, Any]:
        """What a job keeps."""
        return {}


@dataclass(frozen=True)
class Lacking:
    """What a verb can't be asked for without, on its form as ``lacking``: the reason, and the URL name (slug) and name
    of the page where that is made.
    """

    text: Any
    url: str
    link: Any


@dataclass(frozen=True)
class Verb:
    """One bulk verb. ``do`` changes the people of one chunk in one transaction and says each one's fate; an
    export has none, for it changes nobody.

    ``permissions``: Cedar actions, all of which the caller needs. ``form(tenant_id)`` makes the form class that reads
    the parameters, for the console and the API alike; its ``kept()`` is what the job keeps. ``unchanged(params)``: the
    condition of ``count_chosen`` under which nothing would change. ``effect``, ``deed`` and ``already`` are words: "end
    users are suspended", "suspended", "suspended already". ``promise`` says what can be undone, or what can't.
    ``stops``: whose tokens stop, ``active`` people's or all's, "" for nobody's. ``may(run)`` refuses what goes beyond
    permissions, when it is asked for. ``undo``: the same as ``do`` for what another job changed, None without a way
    back. ``final``: it can't be taken back at all, so that the console asks for a typed word.
    """

    key: str
    title: str
    label: str
    icon: str
    permissions: tuple[str, ...]
    effect: tuple[str, str]  # of one, of many
    deed: str
    already: str
    promise: str
    unchanged: Callable[[Mapping[str, Any]], tuple[str, str]]
    do: Callable[[Run, Sequence[UUID]], Fates] | None = None
    form: Callable[[UUID], type[forms.Form]] = lambda tenant_id: NoParams
    words: Callable[[Mapping[str, Any]], list[tuple[str, str]]] = lambda params: []
    may: Callable[[Run], object] = lambda run: None
    undo: Callable[[Run, Sequence[UUID]], Fates] | None = None
    needs_reason: bool = False
    final: bool = False
    stops: str = ""
    short: str = ""

    def __post_init__(self) -> None:
        VERBS[self.key] = self

    @property
    def undoable(self) -> bool:
        """Whether its jobs can be taken back."""
        return self.undo is not None

    @property
    def button(self) -> str:
        """What the button that does it says."""
        return self.label.removesuffix("…")

    @property
    def kind(self) -> str:
        """The kind of its jobs."""
        return f"end_users.{self.key}"


VERBS: dict[str, Verb] = {}
ORDER = (
    "suspend",
    "set_plan_tier",
    "set_rate_limit",
    "revoke_tokens",
    "reactivate",
    "suspend_and_revoke",
    "clear_rate_limit",
    "add_to_group",
    "export",
)


def in_order() -> list[Verb]:
    """The verbs as the bulk bar shows them."""
    return [VERBS[key] for key in ORDER if key in VERBS]


def why(verb: Verb | None, fate: str) -> str:
    """A fate in words, as the list of who was left out says it; without a verb those of an import or a way back."""
    return {
        Fate.CHANGED: verb.deed if verb else "changed",
        Fate.ALREADY: verb.already if verb else "so already",
        Fate.UNKNOWN: "no end user here",
        Fate.SINCE: "changed again since",
    }[Fate(fate)]
