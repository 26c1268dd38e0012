"""What is over and has no further use: expired codes and tokens, requests and clients that nobody came back to."""

from datetime import datetime, timedelta

from authsec.database.batches import in_batches

# Codes stay a day longer: by the row a replay is recognised (RFC 6749 §4.1.2). Access tokens go soon; a refresh token
# stays as long as its family may live, because a revoked one that comes back has to end the family.
KEPT = {
    "oauth_grant": ("expires", timedelta(days=1)),
    "oauth_accesstoken": ("expires", timedelta(hours=1)),
    "oauth_refreshtoken": ("family_expires", timedelta(days=1)),
    "oauth_devicegrant": ("expires", timedelta(hours=1)),
    "oauth_usedassertion": ("expires_at", timedelta()),
    "oauth_introspectioncount": ("hour", timedelta(days=90)),
    "oauth_callcount": ("kept_until", timedelta()),
}


def delete_expired(*, now: datetime, batch: int = 5_000) -> dict[str, int]:
    """Delete expired rows of every tenant, ``batch`` a transaction, until none is left. Returns counts by table."""
    return {
        table: in_batches(_over(table, column), {"before": now - kept}, batch=batch)
        for table, (column, kept) in KEPT.items()
    }


def _over(table: str, column: str) -> str:
    """One ordered range of the index; rows that a request has locked wait for the next run."""
    return (
        f"delete from {table} where ctid in (select ctid from {table} where {column} < %(before)s"  # noqa: S608
        f" order by {column} limit %(batch)s for update skip locked)"
    )


UNUSED_AFTER = timedelta(days=30)
# A client that asked a tenant and never got a token there. Whoever comes back with it asks anew.
ABANDONED = """
with abandoned as (
  select a.ctid from oauth_clientapproval a
  where a.status = 'pending' and a.last_used_at is null and a.last_seen_at < %(before)s
    and a.decided_at is null and a.limited_at is null
    and not exists (select from oauth_consent o
                    where o.tenant_id = a.tenant_id and o.client_id = a.client_id and o.withdrawn_at is null)
  order by a.last_seen_at limit %(batch)s for update skip locked)
delete from oauth_clientapproval where ctid in (select ctid from abandoned)
"""
# Tokens name their client by value (``client_reference``): no table of tokens is read for a client that goes.
UNUSED_A_RUN = 1_000
UNUSED = """
with unused as (
  select c.id from oauth_client c
  where c.tenant_id is null and c.last_used_at is null and c.created < %(before)s
    and (c.registration_source = 'dcr' or c.registration_source = 'cimd' and c.disabled_at is null)
    and not c.api_access
    and not exists (select from oauth_consent o where o.client_id = c.id)
    and not exists (select from oauth_devicegrant d where d.application_id = c.id)
    and not exists (select from oauth_clientapproval a
                    where a.client_id = c.id and (a.decided_at is not null or a.last_seen_at > %(before)s))
    and not exists (select from oauth_clientlimit l where l.client_id = c.id)
  order by c.created limit %(batch)s for update skip locked),
noted as (delete from oauth_clientapproval a using unused u where a.client_id = u.id),
pictured as (delete from oauth_clientlogo p using unused u where p.client_id = u.id)
delete from oauth_client c using unused u where c.id = u.id
"""


def delete_abandoned_requests(*, now: datetime, batch: int = 5_000) -> int:
    """Delete requests to be let in that nobody repeated or decided for 30 days, ``batch`` a transaction.

    One that led to a token or to somebody's consent stays. Returns how many.
    """
    return in_batches(ABANDONED, {"before": now - UNUSED_AFTER}, batch=batch)


def delete_unused_clients(*, now: datetime, batch: int = 100) -> int:
    """Delete clients of the installation that came by registration or document 30 days ago and got no token since.

    One that somebody consented to, or that a tenant approved, denied or limited, stays. At most UNUSED_A_RUN;
    returns how many.
    """
    return in_batches(UNUSED, {"before": now - UNUSED_AFTER}, batch=batch, most=UNUSED_A_RUN)
