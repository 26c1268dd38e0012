"""Ending the tokens of many end users at once, alone or with a suspension. Neither can be undone."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.audit.insertion import event_values, insertion
from authsec.database.fields import uuid_array
from endusers.bulk import changes
from endusers.bulk.registration import register
from endusers.bulk.verbs import Fate, Fates, Run, Verb

# Tokens of both kinds, and what a client has not fetched yet (``tokens.revoke_unfetched``).
END = """
with known as materialized (
  select e.user_id from endusers_enduser e where e.tenant_id = %(tenant)s and e.user_id = any(%(ids)s::uuid[])),
ended as (
  update oauth_refreshtoken r set revoked = %(now)s, updated = %(now)s from known k
   where r.tenant_id = %(tenant)s and r.subject = k.user_id and r.revoked is null returning r.subject),
gone as (
  delete from oauth_accesstoken a using known k
   where a.tenant_id = %(tenant)s and a.subject = k.user_id returning a.subject),
codes as (
  update oauth_grant g set expires = %(now)s, updated = %(now)s from known k
   where g.tenant_id = %(tenant)s and g.subject = k.user_id and g.consumed_at is null and g.expires > %(now)s),
devices as (
  update oauth_devicegrant d set expires = %(now)s from known k
   where d.tenant_id = %(tenant)s and d.subject = k.user_id and d.consumed_at is null and d.expires > %(now)s),
died as (
  select subject, count(*) as number from (select subject from ended union all select subject from gone) each
   group by subject)
select k.user_id, coalesce(d.number, 0) from known k left join died d on d.subject = k.user_id
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
    with connection.cursor() as cursor:
        cursor.execute(END, {"tenant": run.tenant_id, "ids": uuid_array(ids), "now": run.now})
        return dict(cursor.fetchall())


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
