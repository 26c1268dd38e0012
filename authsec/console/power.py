"""The caller's power over one API request: from the signed claim where that is enough, else from the database."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from authsec.console import feed, matrix
from authsec.console.bearer import Bearer
from authsec.console.feed import Feed
from authsec.console.standing import Standing, read_standing
from authz.console import Decision, Held, Powers, powers_from_roles


def why_ask(bearer: Bearer, tenant: str, heard: Feed | None) -> str:
    """Why the claim cannot speak for itself about ``tenant`` now; empty when it can. No statement.

    ``truncated``: cut at its limit before this tenant · ``not_live``: the feed was not heard of late · ``lifetime``:
    it lives longer than changes are remembered · ``older``: than a change that concerns it, or than the connection.
    """
    claims = bearer.claims
    entry = bearer.tenants.get(tenant)
    if entry is None:
        return "truncated"
    if heard is None or not heard.live:
        return "not_live"
    iat, subject = claims["iat"], claims["sub"]
    if claims["exp"] - iat > heard.changes.lifetime_s:
        return "lifetime"
    keys = (
        f"user {tenant} {entry['user'] or subject}",
        f"tenant {tenant}",
        f"identity {subject}",
        f"client {claims.get('client_id')}",
    )
    return "older" if heard.changes.concern(keys, iat) else ""


class CallersPower:
    """Decides actions of one caller in one tenant during one request; asks the database at most once.

    Answers like ``authz.console.Powers``. An action that the matrix calls fast is decided over the claim's system
    roles, and asked of the database only when they don't suffice: own roles, conditions and power over one
    Application are known there alone. ``fell_back`` says why a fast action was not decided by the claim.
    """

    def __init__(self, bearer: Bearer, tenant_id: UUID, *, ip: str | None, now: datetime) -> None:
        self.bearer, self.tenant_id, self.ip, self.now = bearer, tenant_id, ip, now
        self.fell_back = why_ask(bearer, str(tenant_id), feed.current())
        self._read: tuple[Standing, Powers] | None = None

    @property
    def asked(self) -> bool:
        """Whether the database was asked."""
        return self._read is not None

    @property
    def standing(self) -> Standing:
        """Who the caller is here: from the database if it was asked, else from the claim."""
        if self._read:
            return self._read[0]
        entry = self.bearer.tenants.get(str(self.tenant_id))
        if entry is None or self.fell_back:
            return self.read()[0]
        return Standing(UUID(entry["user"]) if entry["user"] else self.bearer.subject, entry["type"])

    def read(self) -> tuple[Standing, Powers]:
        """Standing and power from the database; raises a Problem when there is none. One statement, once."""
        if self._read is None:
            self._read = read_standing(self.bearer, self.tenant_id, ip=self.ip, now=self.now)
        return self._read

    def decide(self, *actions: str, application_id: UUID | None = None) -> Decision:
        """Decide the first of these actions that is allowed, else the last."""
        if self._read is None and not self.fell_back and all(map(matrix.is_fast, actions)):
            decision = _first_allowed(self._claimed(), actions, application_id)
            if decision.allowed:
                return replace(decision, powers=None)
            self.fell_back = "not_enough"
        return _first_allowed(self.read()[1], actions, application_id)

    @property
    def held(self) -> tuple[Held, ...]:
        """Everything that the caller holds, from the database."""
        return self.read()[1].held

    @property
    def active(self) -> bool:
        """Whoever is not active has been refused before."""
        return True

    def permissions(self, application_id: UUID | None = None) -> frozenset[str]:
        """Names held tenant-wide and, with an Application, there; from the database."""
        return self.read()[1].permissions(application_id)

    def _claimed(self) -> Powers:
        standing = self.standing
        return powers_from_roles(
            tenant_id=self.tenant_id,
            subject_kind=standing.kind,
            subject_id=standing.user_id,
            role_keys=self.bearer.tenants[str(self.tenant_id)]["roles"],
        )


def _first_allowed(powers: Powers, actions: tuple[str, ...], application_id: UUID | None) -> Decision:
    decision = powers.decide(actions[0], application_id=application_id)
    for action in actions[1:]:
        if decision.allowed:
            break
        decision = powers.decide(action, application_id=application_id)
    return decision
