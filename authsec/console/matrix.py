"""The decision matrix of the management API (Rule 10): who is asked about power, the signed claim or the database.

Two layers. *Identity*: endpoints about the bearer; they name no tenant. *Tenant*: everything else, by Cedar action.
Data, in one place: a mark names an action and never a path. What is not listed is critical, and a system check says
so. docs/api.md prints these tables; a test holds them equal.
"""

from dataclasses import dataclass

FAST = "fast"
CRITICAL = "critical"

READ = "Reads; what was true a moment ago does no harm."
ORDINARY = "An ordinary write: it gives nobody power in the console or the API."
SETTINGS = "Under Settings."
TEAM = "Membership: who is in and as what."
ROLES = "Roles decide what everybody may do."
POLICIES = "The policies in force."
CLIENTS = "Clients: who may ask for tokens at all."
POWER = "Changes what somebody may do."
SECRETS = "Hands out or replaces secrets, or changes what tokens are good for."
STOPS = "Suspension and revocation."
MYSELF = "About the bearer, whose identity and client are looked at."


@dataclass(frozen=True)
class Line:
    """``path``: FAST (the signed claim, while the feed is live) or CRITICAL (the database), and why."""

    path: str
    why: str


# By the route's URL name.
IDENTITY: dict[str, Line] = {
    "tenants_api:me": Line(CRITICAL, MYSELF),
    "tenants_api:my_memberships": Line(CRITICAL, MYSELF),
    "tenants_api:my_membership": Line(CRITICAL, MYSELF),
    "tenants_api:tenants": Line(CRITICAL, MYSELF),
    "tenants_api:accept_invitation": Line(CRITICAL, MYSELF),
}

# By Cedar action, in the schema's order.
TENANT: dict[str, Line] = {
    "endusers:read": Line(FAST, READ),
    "endusers:suspend": Line(CRITICAL, STOPS),
    "endusers:update": Line(FAST, ORDINARY),
    "endusers:export": Line(FAST, READ),
    "tokens:revoke": Line(CRITICAL, STOPS),
    "tokens:read": Line(FAST, READ),
    "apps:read": Line(FAST, READ),
    "apps:manage": Line(CRITICAL, SECRETS),
    "clients:read": Line(CRITICAL, CLIENTS),
    "clients:approve": Line(CRITICAL, CLIENTS),
    "clients:manage": Line(CRITICAL, CLIENTS),
    "roles:read": Line(CRITICAL, ROLES),
    "roles:manage": Line(CRITICAL, ROLES),
    "bindings:read": Line(FAST, READ),
    "bindings:create": Line(CRITICAL, POWER),
    "bindings:end": Line(CRITICAL, POWER),
    "groups:read": Line(FAST, READ),
    "groups:manage": Line(CRITICAL, POWER),
    "service_accounts:read": Line(FAST, READ),
    "service_accounts:manage": Line(CRITICAL, SECRETS),
    "effective_access:read": Line(FAST, READ),
    "effective_access:own": Line(FAST, READ),
    "policies:read": Line(CRITICAL, POLICIES),
    "audit:read": Line(FAST, READ),
    "audit:export": Line(FAST, READ),
    "org:read": Line(CRITICAL, SETTINGS),
    "org:update": Line(CRITICAL, SETTINGS),
    "org:invite": Line(CRITICAL, TEAM),
    "org:close": Line(CRITICAL, SETTINGS),
    "org:transfer": Line(CRITICAL, SETTINGS),
    "org:make_owners": Line(CRITICAL, TEAM),
    "team:read": Line(CRITICAL, TEAM),
    "team:update": Line(CRITICAL, TEAM),
    "plan_tiers:read": Line(CRITICAL, SETTINGS),
    "plan_tiers:manage": Line(CRITICAL, SETTINGS),
    "directory:read": Line(CRITICAL, SETTINGS),
    "directory:manage": Line(CRITICAL, SETTINGS),
    "providers:read": Line(CRITICAL, SETTINGS),
    "providers:manage": Line(CRITICAL, SETTINGS),
    "billing:read": Line(CRITICAL, SETTINGS),
    "billing:manage": Line(CRITICAL, SETTINGS),
}


# Routes for any active member, which decide by themselves what the caller sees.
MEMBER = Line(CRITICAL, "What is shown depends on what the caller may do, critical actions included.")


def is_fast(action: str) -> bool:
    """Whether the signed claim may answer for the action. What nobody listed is critical."""
    line = TENANT.get(action)
    return line is not None and line.path == FAST


def markdown() -> str:
    """Both tables, as docs/api.md prints them."""

    def table(head: str, rows: dict[str, Line]) -> list[str]:
        lines = [_row(f"`{name}`", line) for name, line in rows.items()]
        return [f"| {head} | path | why |", "|---|---|---|", *lines]

    return "\n".join(
        [
            *table("route about me", IDENTITY),
            "",
            *table("action in a tenant", TENANT),
            _row("any member", MEMBER),
        ]
    )


def _row(name: str, line: Line) -> str:
    return f"| {name} | {line.path} | {line.why} |"
