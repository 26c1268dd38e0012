"""How long history is kept, by three settings in days (0: for ever): what is older is deleted, a batch a transaction.

- ``KEEP_HISTORY_DAYS``: rows that were closed so long ago, and changes that came so long ago: bindings and their former
  terms, group members, operators, scopes, what roles gave, tiers, standing, Applications, closures of tenants. Nothing
  that stands is touched, and nothing to which such a row refers. ``authz.effective.horizon`` refuses questions about
  earlier moments.
- ``KEEP_DECISIONS_DAYS``: why tokens got their scopes.
- ``KEEP_EVENTS_DAYS``: the audit log. It is append-only for everybody but authsec_system, which does this.
"""

from datetime import datetime, timedelta

from django.conf import settings

from authsec.database.batches import in_batches

# A row answers for moments before the one in its column, so that it has no further use behind the horizon.
# Former terms go before the binding that they name.
HISTORY = {
    "former terms": ("authz_binding", "ended_at", "superseded_by_id is not null"),
    "bindings": (
        "authz_binding",
        "ended_at",
        "superseded_by_id is null and not exists (select from authz_binding f"
        " where f.tenant_id = o.tenant_id and f.superseded_by_id = o.id)",
    ),
    "group members": ("authz_groupmember", "ended_at", ""),
    "operators": ("authz_serviceaccountoperator", "ended_at", ""),
    "contents of roles": ("authz_rolescope", "ended_at", ""),
    "scopes": ("authz_scope", "ended_at", ""),
    "Applications' past": ("authz_applicationpast", "until", ""),
    "plan tiers": ("endusers_endusertier", "to_at", ""),
    "billing's moves": ("endusers_tiermove", "at", ""),
    # Who is suspended as an end user is found through the change that suspended them, however old it is.
    "standing": (
        "endusers_standingchange",
        "at",
        "not (o.capacity = 'end_user' and o.to_status = 'suspended' and exists (select from endusers_enduser e"
        " where e.tenant_id = o.tenant_id and e.user_id = o.user_id and e.status = 'suspended'))",
    ),
    "closures": ("tenants_tenantclosure", "reopened_at", ""),
}
# The index of a tenant's events leads to the oldest ones, so that the log needs no further index.
EVENTS = """
select e.ctid from tenants_tenant t
 cross join lateral (select x.ctid from audit_event x where x.tenant_id = t.id and x.at < %(before)s
                      order by x.at limit %(batch)s) e
 limit %(batch)s
"""


def delete_history(*, now: datetime, batch: int = 5_000) -> dict[str, int]:
    """Delete what was closed before the horizon, of every tenant. Returns counts."""
    if not settings.KEEP_HISTORY_DAYS:
        return {}
    before = now - timedelta(days=settings.KEEP_HISTORY_DAYS)
    return {
        name: _delete(table, found_in(table, column, condition), before, batch)
        for name, (table, column, condition) in HISTORY.items()
    }


def delete_decisions(*, now: datetime, batch: int = 5_000) -> int:
    """Delete Decisions that are older than they are kept. Returns how many."""
    if not settings.KEEP_DECISIONS_DAYS:
        return 0
    before = now - timedelta(days=settings.KEEP_DECISIONS_DAYS)
    return _delete("oauth_decision", found_in("oauth_decision", "at"), before, batch)


def delete_events(*, now: datetime, batch: int = 5_000) -> int:
    """Delete events of the audit log that are older than they are kept. Returns how many."""
    if not settings.KEEP_EVENTS_DAYS:
        return 0
    before = now - timedelta(days=settings.KEEP_EVENTS_DAYS)
    return _delete("audit_event", EVENTS, before, batch)


def found_in(table: str, column: str, condition: str = "") -> str:
    """The statement that finds a batch: one ordered range of the index on ``column``, without what is locked."""
    more = f" and {condition}" if condition else ""
    return (
        f"select o.ctid from {table} o where o.{column} < %(before)s{more}"  # noqa: S608 - constants of this file
        f" order by o.{column} limit %(batch)s for update skip locked"
    )


def _delete(table: str, found: str, before: datetime, batch: int) -> int:
    return in_batches(f"delete from {table} where ctid in ({found})", {"before": before}, batch=batch)  # noqa: S608
