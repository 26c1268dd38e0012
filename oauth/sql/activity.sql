-- What processes counted of introspection since they last said so, added to the hours' rows in one statement. Rows are
-- taken in one order, so that two processes that add to the same ones wait for each other and never both.

create or replace function add_introspections(
  p_tenants uuid[], p_applications uuid[], p_hours timestamptz[], p_active boolean[], p_reasons text[], p_numbers bigint[]
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into oauth_introspectioncount as c (id, tenant_id, application_id, hour, active, reason, number)
  select gen_random_uuid(), n.tenant, n.application, n.hour, n.active, n.reason, n.number
    from unnest(p_tenants, p_applications, p_hours, p_active, p_reasons, p_numbers)
         as n(tenant, application, hour, active, reason, number)
    -- One that is gone must not keep the others' counts from being written.
    join authz_application a on a.tenant_id = n.tenant and a.id = n.application
   order by n.tenant, n.application, n.hour, n.active, n.reason
      on conflict (tenant_id, application_id, hour, active, reason) do update set number = c.number + excluded.number;
end $$;

-- When tokens were used first and last, as far as processes have seen it: kept with the decision about each, which
-- outlives it. One write for a token in a minute and process, however often it is asked about; rows are taken in one
-- order here as well.
create or replace function note_token_uses(
  p_tenants uuid[], p_tokens uuid[], p_firsts timestamptz[], p_lasts timestamptz[]
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with used as materialized (
    select d.id, n.first, n.last
      from unnest(p_tenants, p_tokens, p_firsts, p_lasts) as n(tenant, token, first, last)
      join oauth_decision d on d.tenant_id = n.tenant and d.token_id = n.token
     order by d.id for no key update of d
  )
  update oauth_decision d
     set first_used_at = least(d.first_used_at, u.first), last_used_at = greatest(d.last_used_at, u.last)
    from used u where d.id = u.id;
end $$;

-- Calls by caller, added to those of this minute and of this day in UTC.
create or replace function add_calls(
  p_at double precision, p_tenants uuid[], p_applications uuid[], p_subjects uuid[], p_calls bigint[], p_refused bigint[]
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into oauth_callcount as c (id, tenant_id, application_id, subject, daily, start, calls, refused, kept_until)
  select gen_random_uuid(), n.tenant, n.application, n.subject, s.daily,
         date_trunc(s.unit, to_timestamp(p_at), 'UTC'), n.calls, n.refused, to_timestamp(p_at) + s.kept
    from unnest(p_tenants, p_applications, p_subjects, p_calls, p_refused)
         as n(tenant, application, subject, calls, refused)
    join authz_application a on a.tenant_id = n.tenant and a.id = n.application
   cross join (values (false, 'minute', interval '1 hour'), (true, 'day', interval '2 days')) as s(daily, unit, kept)
   order by n.tenant, n.application, s.daily, n.subject
      on conflict (tenant_id, application_id, daily, start, subject)
      do update set calls = c.calls + excluded.calls, refused = c.refused + excluded.refused;
end $$;
