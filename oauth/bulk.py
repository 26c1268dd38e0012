"""Ending the tokens of many end users at once, alone or with a suspension. Neither can be undone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.audit.insertion import event_values, insertion
from authsec.database.fields import uuid_array
from endusers.bulk import changes
from endusers.bulk.registration import register
from endusers.bulk.verbs import Fate, Fates, Run, Verb
from oauth.tokens import UNDER_WAY

# As ``tokens.revoke_held`` does for one person: what a client has not fetched yet, refresh tokens until none is live,
# access tokens. Each step waits for the requests that hold its rows, and the next statement sees what they gave.
KNOWN = "select user_id from endusers_enduser where tenant_id = %(tenant)s and user_id = any(%(ids)s::uuid[])"
UNFETCHED = """
with codes as (
  delete from oauth_grant
   where tenant_id = %(tenant)s and subject = any(%(known)s::uuid[]) and consumed_at is null and expires > %(open)s)
update oauth_devicegrant set status = 'denied'
 where tenant_id = %(tenant)s and subject = any(%(known)s::uuid[]) and consumed_at is null and expires > %(open)s
   and status = 'authorized'
"""
LIVE = """
select exists (select from oauth_refreshtoken
                where tenant_id = %(tenant)s and subject = any(%(known)s::uuid[]) and revoked is null)
"""
REFRESH = """
with held as materialized (
  select id from oauth_refreshtoken
   where tenant_id = %(tenant)s and subject = any(%(known)s::uuid[]) and revoked is null order by id for update)
update oauth_refreshtoken r set revoked = %(now)s, updated = %(now)s from held where r.id = held.id returning r.subject
"""
ACCESS = """
delete from oauth_accesstoken where tenant_id = %(tenant)s and subject = any(%(known)s::uuid[]) returning subject
"""
EVENTS = insertion(
    "unnest(%(whose)s::uuid[], %(numbers)s::int[]) with ordinality f(user_id, number, n) "
    "left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = f.user_id",
    target_id="f.user_id",
    target_name=changes.NAME,
    after="jsonb_build_object('tokens', f.number, 'job', %(job)s::text)",
)
NOTE = f"""
with noted as ({EVENTS})
insert into endusers_outcome (tenant_id, job_id, user_id, fate, at)
select %(tenant)s, %(job)s, o.user_id, o.fate, %(now)s from unnest(%(ids)s::uuid[], %(fates)s::text[]) o(user_id, fate)
{changes.AGAIN}
"""  # noqa: S608


def revoke_tokens(run: Run, ids: Sequence[UUID]) -> Fates:
    """Kill every token of the people for this tenant's Applications. Connections stay."""
    died = _end(run, ids)
    fates = [(key, _fate(died.get(key))) for key in ids]
    _note(run, died, fates)
    return fates


def suspend_and_revoke(run: Run, ids: Sequence[UUID]) -> Fates:
    """Suspend the people and kill their tokens for good; who is suspended already loses the tokens.

    Tokens first and once more behind: a refresh holds its token's row before it touches the person's, and what it
    gave until the suspension stood must not outlive it.
    """
    died = _end(run, ids)
    suspended = dict(changes.suspend(run, ids))
    for key, number in _end(run, ids).items():
        died[key] = died.get(key, 0) + number
    fates = [(key, Fate.CHANGED if died.get(key) else suspended[key]) for key in ids]
    _note(run, died, fates)
    return fates


def _end(run: Run, ids: Sequence[UUID]) -> dict[UUID, int]:
    """End the tokens; returns how many died of each of the people who are end users here."""
    told: dict[str, Any] = {"tenant": run.tenant_id, "ids": uuid_array(ids), "now": run.now}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, told)
        died = Counter({key: 0 for (key,) in cursor.fetchall()})
        told |= {"known": uuid_array(died), "open": run.now - UNDER_WAY}
        cursor.execute(UNFETCHED, told)
        while _any_live(cursor, told):
            cursor.execute(REFRESH, told)
            died.update(key for (key,) in cursor.fetchall())
        cursor.execute(ACCESS, told)
        died.update(key for (key,) in cursor.fetchall())
    return died


def _any_live(cursor: Any, told: Mapping[str, Any]) -> bool:
    cursor.execute(LIVE, told)
    return bool(cursor.fetchone()[0])


def _fate(died: int | None) -> str:
    if died is None:
        return Fate.UNKNOWN
    return Fate.CHANGED if died else Fate.ALREADY


def _note(run: Run, died: Mapping[UUID, int], fates: Fates) -> None:
    """One event for each who lost tokens, and everybody's fate."""
    lost = {key: number for key, number in died.items() if number}
    told: dict[str, Any] = event_values(
        actor=run.actor, action="tokens.revoked", target_kind="end_user", reason=run.reason, now=run.now
    )
    told |= {
        "tenant": run.tenant_id,
        "job": run.job_id,
        "whose": uuid_array(lost),
        "numbers": list(lost.values()),
        "ids": uuid_array(key for key, _ in fates),
        "fates": [str(fate) for _, fate in fates],
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTE, told)


register(
    Verb(
        key="revoke_tokens",
        title="Revoke the tokens of end users",
        label="Revoke tokens…",
        short="Revoke…",
        icon="circle-x",
        permissions=("tokens:revoke",),
        do=revoke_tokens,
        effect=("end user loses every token", "end users lose their tokens"),
        deed="tokens revoked",
        already="held no tokens",
        promise="Their access and refresh tokens are gone for good; each client has to ask them to sign in again.",
        unchanged=lambda params: ("tokenless", ""),
        final=True,
        stops="all",
    )
)
register(
    Verb(
        key="suspend_and_revoke",
        title="Suspend end users and revoke their tokens",
        label="Suspend and revoke…",
        icon="shield-alert",
        permissions=("endusers:suspend", "tokens:revoke"),
        do=suspend_and_revoke,
        effect=(
            "end user is suspended and loses every token",
            "end users are suspended and lose their tokens",
        ),
        deed="suspended, tokens revoked",
        already="suspended already, without tokens",
        promise="The suspension can be ended, the tokens are gone for good: each client has to ask them to sign in "
        "again.",
        unchanged=lambda params: ("stopped", ""),
        needs_reason=True,
        final=True,
        stops="all",
    )
)
