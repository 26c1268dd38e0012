"""Granted = entitled ∩ supported ∩ requested, scope by scope, naming the term that removes each (Rule 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from authz.effective.grants import Item
from authz.effective.subject import Subject
from authz.effective.supported import Supported, SupportedScope
from authz.scopes import RESERVED_SCOPES

# From the best to the worst that a path can be in: the best one speaks for the scope.
ORDER = (
    "active",
    "pending_step_up",
    "missing_context",
    "outside_ip",
    "not_yet",
    "suspended",
    "expired",
    "ended",
)
PASSES = ("active", "pending_step_up")


@dataclass(frozen=True)
class Path:
    """One way in which a scope reaches the subject: a binding, and the state it is in for this scope."""

    item: Item
    state: str


@dataclass(frozen=True)
class ScopeAccess:
    """One row of the table. ``entitled``: the best path's state, or ``none``. ``removed_by``: the first term that
    removes the scope (entitled, supported, requested), empty when none does. ``granted``: active, pending_step_up or
    nothing. ``facts``: how the Application describes it, None for a name that it never had.
    """

    name: str
    facts: SupportedScope | None
    entitled: str
    supported: bool
    requested: bool
    paths: tuple[Path, ...]

    @property
    def removed_by(self) -> str:
        if self.entitled not in PASSES:
            return "entitled"
        if not self.supported:
            return "supported"
        return "" if self.requested else "requested"

    @property
    def granted(self) -> str:
        return "" if self.removed_by else self.entitled

    @property
    def speaking(self) -> tuple[Path, ...]:
        """The paths that the answer rests on: those in the best state."""
        return tuple(path for path in self.paths if path.state == self.entitled)


@dataclass(frozen=True)
class ApplicationAccess:
    """A subject's access on one Application. ``closed``: why nobody or not this subject gets a token there at all
    (disabled, unverified), empty otherwise. ``asked``: what a client asks for there, None as if for everything.
    """

    id: UUID
    application: Supported
    scopes: tuple[ScopeAccess, ...]
    closed: str = ""
    asked: frozenset[str] | None = None

    @property
    def reached(self) -> bool:
        """Whether any binding, in whatever state, says something about this Application."""
        return any(scope.paths for scope in self.scopes)

    @property
    def effective(self) -> tuple[str, ...]:
        """Scopes that are entitled now and supported, whatever was asked for."""
        if self.closed:
            return ()
        return tuple(scope.name for scope in self.scopes if scope.entitled == "active" and scope.supported)

    def count(self, granted: str) -> int:
        """How many scopes end as ``active`` or ``pending_step_up``."""
        return sum(scope.granted == granted for scope in self.scopes)


def access_on(
    application: Supported,
    items: Iterable[Item],
    stands: bool,
    subject: Subject,
    requested: frozenset[str] | None,
) -> ApplicationAccess:
    """Work out one Application's table from the ``items`` that count there. ``requested`` None: as if everything were
    asked for.
    """
    paths: dict[str, list[Path]] = {}
    for item in items:
        state = item.met if stands and application.enabled else "suspended"
        for name in item.scopes:
            # A tenant-wide role counts where the name means something; elsewhere it says nothing.
            if item.application_id or name in application.scopes or name in application.dropped:
                paths.setdefault(name, []).append(Path(item, state))
    asked = None if requested is None else requested - RESERVED_SCOPES
    names = sorted(set(application.scopes) | set(paths) | (asked or set()))
    rows = tuple(_row(name, application, paths.get(name, []), asked) for name in names)
    return ApplicationAccess(application.id, application, rows, _closed(application, subject), asked)


def _row(name: str, application: Supported, paths: list[Path], asked: frozenset[str] | None) -> ScopeAccess:
    ordered = tuple(sorted(paths, key=lambda path: ORDER.index(path.state)))
    return ScopeAccess(
        name=name,
        facts=application.scopes.get(name) or application.dropped.get(name),
        entitled=ordered[0].state if ordered else "none",
        supported=name in application.scopes,
        requested=asked is None or name in asked,
        paths=ordered,
    )


def _closed(application: Supported, subject: Subject) -> str:
    if not application.enabled:
        return "disabled"
    if not application.verified and not subject.is_member and subject.kind == "user":
        return "unverified"
    return ""
