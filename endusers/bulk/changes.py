"""Changing many end users in one statement: the rows, their history, an event for each and what undo needs.

Rows are locked in the order of their ids, so that two jobs never wait for each other in a circle, and by a statement of
their own: the one that changes them begins when nobody else does any more, and sees all that was waited for, the
history beside a row too.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.audit.insertion import NEW_ID, event_values, insertion
from authsec.database.fields import uuid_array
from endusers.bulk.verbs import Fate, Fates, Run
from endusers.operations import standing_tier, standing_tiers
from endusers.signals import standing_lost

NAMED = "select unnest(%(ids)s::uuid[]) as user_id, null::timestamptz as at, null::jsonb as earlier"
CHANGED_BY = """select o.user_id, o.at, o.was as earlier from endusers_outcome o
   where o.tenant_id = %(tenant)s and o.job_id = %(undoes)s and o.user_id = any(%(ids)s::uuid[])
     and o.fate = 'changed'"""
HOLD = """
select count(*) from (
  select from endusers_enduser where tenant_id = %(tenant)s and user_id = any(%(ids)s::uuid[])
   order by user_id for update) held
"""
FRAME = """
with wanted as materialized ({wanted}),
judged as materialized (
  select w.user_id, w.earlier, l.status, l.suspended_reason, l.plan_tier_id, l.rate_limit_override,
         case when l.user_id is null then 'unknown' when {since} then 'since' when {already} then 'already'
              else 'changed' end as fate, greatest(%(now)s, {last}) as moment,
         row_number() over () as n
    from wanted w left join endusers_enduser l on l.tenant_id = %(tenant)s and l.user_id = w.user_id),
meant as materialized (select * from judged where fate = 'changed'),
changed as (
  update endusers_enduser e set {sets} from meant f where e.tenant_id = %(tenant)s and e.user_id = f.user_id),
{history}
noted as ({events}),
kept as (
  insert into endusers_outcome (tenant_id, job_id, user_id, fate, at, was)
  select %(tenant)s, %(job)s, user_id, fate, moment, case when fate = 'changed' then {was} end from judged {again})
select user_id, fate from judged {told}
"""
# Almost everybody is changed: only the others travel back.
OTHERS = "where fate <> 'changed'"
# Of a person to whom two things are done by one job, the better fate stands, with what both replaced.
AGAIN = """on conflict (tenant_id, job_id, user_id) do update set fate = excluded.fate,
  at = greatest(endusers_outcome.at, excluded.at),
  was = case when excluded.was is null then endusers_outcome.was
             else coalesce(endusers_outcome.was, '{}') || excluded.was end
  where excluded.fate = 'changed'"""
NAME = "coalesce(nullif(p.display_name, ''), p.email, f.user_id::text)"
WITH_NAMES = "{rows} left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = f.user_id"

SUSPENDING = {
    "already": "l.status = 'suspended'",
    "sets": """status = 'suspended', suspended_at = %(now)s, suspended_by = %(actor_id)s::uuid,
      suspended_reason = coalesce(nullif(f.earlier->>'suspended_reason', ''), %(event_reason)s)""",
    "was": """'{"status": "active"}'::jsonb""",  # there is nothing else that it can have been
    "to_status": "suspended",
}
REACTIVATING = {
    "already": "l.status = 'active'",
    "sets": "status = 'active', suspended_at = null, suspended_by = null, suspended_reason = ''",
    "was": "jsonb_build_object('status', status, 'suspended_reason', suspended_reason)",
    "to_status": "active",
}
STANDING = f"""
standing as (
  insert into endusers_standingchange (id, tenant_id, user_id, capacity, from_status, to_status, from_type, to_type,
    at, by, reason)
  select {NEW_ID}, %(tenant)s, f.user_id, 'end_user', f.status, %(to_status)s, '', '', f.moment, %(actor_id)s::uuid,
         {{reason}} from meant f),"""  # noqa: S608
# One whose clock is behind the last change's counts from that one on, as ``endusers.standing`` has it. Whether anything
# lies ahead of our clock is asked once for all.
LAST_STANDING = """case when (select exists (select from endusers_standingchange c where c.tenant_id = %(tenant)s
  and c.at > %(now)s)) then (select c.at from endusers_standingchange c where c.tenant_id = %(tenant)s
  and c.user_id = w.user_id and c.capacity = 'end_user' order by c.at desc limit 1) end"""
LAST_TIER = """(select t.from_at + interval '1 microsecond' from endusers_endusertier t where t.tenant_id = %(tenant)s
  and t.user_id = w.user_id and t.to_at is null)"""
STANDING_SINCE = """exists (select from endusers_standingchange c where c.tenant_id = %(tenant)s
  and c.user_id = w.user_id and c.capacity = 'end_user' and c.at > w.at)"""
TIER = "coalesce((f.earlier->>'plan_tier_id')::uuid, %(tier)s::uuid)"
TIER_HISTORY = f"""
closed as (
  update endusers_endusertier t set to_at = f.moment from meant f
   where t.tenant_id = %(tenant)s and t.user_id = f.user_id and t.to_at is null returning t.user_id),
opened as (
  insert into endusers_endusertier (id, tenant_id, user_id, plan_tier_id, from_at)
  select {NEW_ID}, %(tenant)s, f.user_id, {TIER}, f.moment from closed join meant f on f.user_id = closed.user_id),"""  # noqa: S608
# A tier that is retired since takes nobody back.
TIER_SINCE = """exists (select from endusers_endusertier t where t.tenant_id = %(tenant)s
  and t.user_id = w.user_id and t.from_at > w.at) or w.earlier->>'plan_tier_id' <> all(%(standing)s::text[])"""
# The one to give: to whom it is given back what they had, nothing may have been that.
LIMIT = "case when f.earlier is null then %(limit)s::jsonb else nullif(f.earlier->'rate_limit_override', 'null') end"
TIER_NAMES = """meant f join endusers_plantier b on b.tenant_id = %(tenant)s and b.id = f.plan_tier_id
  join endusers_plantier a on a.tenant_id = %(tenant)s and a.id = """


def suspend(run: Run, ids: Sequence[UUID]) -> Fates:
    """Suspend those of the people who are not; the next introspection of each answers inactive (Rule 3)."""
    return _change_status(run, ids, "end_user.suspended", SUSPENDING)


def reactivate(run: Run, ids: Sequence[UUID]) -> Fates:
    """End the suspensions of those of the people who are suspended."""
    return _change_status(run, ids, "end_user.reactivated", REACTIVATING)


def set_plan_tier(run: Run, ids: Sequence[UUID]) -> Fates:
    """Move the people to the tier ``plan_tier`` (a key), or back to the one that they had while it stands.

    Raises UnknownTier.
    """
    key = run.params.get("plan_tier", "")
    tier = None if run.undoes else standing_tier(run.tenant_id, key).pk
    standing = [str(each.pk) for each in standing_tiers(run.tenant_id)] if run.undoes else []
    named = "jsonb_build_object('plan_tier', {0}.key, 'plan_tier_name', {0}.name"
    return _run(
        run,
        ids,
        "end_user.tier_changed",
        {"tier": tier, "standing": standing},
        rows=TIER_NAMES + TIER,
        before=named.format("b") + ")",
        after=named.format("a") + ", 'job', %(job)s::text)",
        since=TIER_SINCE,
        last=LAST_TIER,
        already="l.plan_tier_id = " + TIER.replace("f.", "w."),
        sets=f"plan_tier_id = {TIER}",
        was="jsonb_build_object('plan_tier_id', plan_tier_id)",
        history=TIER_HISTORY,
    )


def set_rate_limit(run: Run, ids: Sequence[UUID]) -> Fates:
    """Give the people the limit ``rate_limit`` of their own, or (None) the tier's back. Taken back: what each had."""
    limit = run.params.get("rate_limit")
    return _run(
        run,
        ids,
        "",
        {"limit": json.dumps(limit) if limit else None, "told": _told(run, {})},
        deed=f"case when {LIMIT} is null then 'end_user.rate_limit_cleared' else 'end_user.rate_limit_set' end",
        before="f.rate_limit_override",
        after=f"coalesce({LIMIT}, '{{}}') || %(told)s::jsonb",
        since="l.rate_limit_override is distinct from %(limit)s::jsonb",
        already=f"l.rate_limit_override is not distinct from {LIMIT.replace('f.', 'w.')}",
        sets=f"rate_limit_override = {LIMIT}",
        was="jsonb_build_object('rate_limit_override', rate_limit_override)",
    )


def _told(run: Run, after: dict[str, Any]) -> str:
    """What each person's event says of afterwards, where it is the same for all."""
    return json.dumps(after | {"job": str(run.job_id)})


def _change_status(run: Run, ids: Sequence[UUID], action: str, how: dict[str, str]) -> Fates:
    reason = "coalesce(nullif(f.earlier->>'suspended_reason', ''), %(event_reason)s)"
    fates = _run(
        run,
        ids,
        action,
        {"to_status": how["to_status"], "after": _told(run, {"status": how["to_status"]})},
        before=how["was"],
        after="%(after)s::jsonb",
        since=STANDING_SINCE,
        last=LAST_STANDING,
        already=how["already"],
        sets=how["sets"],
        was=how["was"],
        history=STANDING.format(reason=reason if how is SUSPENDING else "%(event_reason)s"),
    )
    if how is SUSPENDING:
        lost = [user_id for user_id, fate in fates if fate == "changed"]
        standing_lost.send(sender=suspend, tenant_id=run.tenant_id, user_ids=lost, now=run.now)
    return fates


def _run(
    run: Run,
    ids: Sequence[UUID],
    action: str,
    values: dict[str, Any],
    *,
    before: str,
    after: str,
    rows: str = "meant f",
    history: str = "",
    since: str = "false",
    deed: str = "%(action)s",
    last: str = "null::timestamptz",
    **parts: str,
) -> Fates:
    """Send the statement. ``before`` and ``after`` are the event's, ``rows`` what they are read from."""
    events = insertion(
        WITH_NAMES.format(rows=rows),
        target_id="f.user_id",
        target_name=NAME,
        before=before,
        after=after,
        action=deed,
    )
    parts |= {"again": AGAIN if run.several else "", "history": history, "events": events, "last": last}
    parts["wanted"], parts["since"] = (CHANGED_BY, since) if run.undoes else (NAMED, "false")
    parts["told"] = "" if run.undoes else OTHERS
    statement = FRAME.format(**parts)
    told = event_values(
        actor=run.actor, action=action, target_kind="end_user", reason=run.reason, now=run.now
    )
    about = {"tenant": run.tenant_id, "job": run.job_id, "undoes": run.undoes, "ids": uuid_array(ids)}
    with connection.cursor() as cursor:
        cursor.execute(HOLD, about)
        cursor.execute(statement, told | about | values)
        fates: Fates = cursor.fetchall()
    if run.undoes:
        return fates
    others = dict(fates)
    return [(key, others.get(key, Fate.CHANGED)) for key in ids]
