-- The End Users list: one page of it, and how many match. Part of a name or an address is found through a trigram
-- index, which row-level security keeps the planner from using (ILIKE is not leakproof): hence definer functions. The
-- tenant is the one in force, never an argument. What is searched and filtered becomes one statement whose values are
-- known when it is planned. A rare word goes through the trigram index; for a common one (more than the count's cap)
-- that would read every match to sort them, so the page walks the sort order and looks at each person on the way.

-- Where the matching rows are: the text behind FROM. The arguments of the statements below are $1 tenant, $2 text,
-- $3 status, $4 tier, $5 application, $6 and $7 last seen from and to, $8 and $9 first consent from and to.
create or replace function end_users_source(
  p_find text, p_common boolean, p_status text, p_tier uuid, p_application uuid,
  p_seen_from timestamptz, p_seen_to timestamptz, p_from timestamptz, p_to timestamptz
) returns text language sql immutable set search_path = public, pg_temp as $$
  select 'endusers_enduser e'
    || case when p_find in ('contains', 'prefix') and not p_common
       then ' join tenants_profile p on p.tenant_id = $1 and p.user_id = e.user_id' else '' end
    || ' where e.tenant_id = $1'
    || case p_find
       when 'id' then ' and e.user_id = $2::uuid'
       when 'contains' then format(v.place, '(p.email ilike $2 or p.display_name ilike $2)')
       when 'prefix' then format(v.place, '(p.email like $2 or lower(p.display_name) like $2)')
       else '' end
    || case when p_status is not null then ' and e.status = $3' else '' end
    || case when p_tier is not null then ' and e.plan_tier_id = $4' else '' end
    || case when p_application is not null then
       ' and exists (select from oauth_consent c where c.tenant_id = $1 and c.application_id = $5'
       ' and c.user_id = e.user_id and c.withdrawn_at is null)' else '' end
    || case when p_seen_from is not null then ' and e.last_seen_at >= $6' else '' end
    || case when p_seen_to is not null then ' and e.last_seen_at < $7' else '' end
    || case when p_from is not null then ' and e.first_consent_at >= $8' else '' end
    || case when p_to is not null then ' and e.first_consent_at < $9' else '' end
  -- A subquery in the select list's place is never made a join: one look at the profile per row that is walked over.
  from (select case when p_common
    then ' and (select %s from tenants_profile p where p.tenant_id = $1 and p.user_id = e.user_id)'
    else ' and %s' end) v(place)
$$;

-- The id of a tier by its key. A key that the tenant does not have is an id that nobody holds.
create or replace function tier_of_key(p_tenant uuid, p_key text) returns uuid
language sql stable set search_path = public, pg_temp as $$
  select case when p_key is not null then coalesce(
    (select t.id from endusers_plantier t where t.tenant_id = p_tenant and t.key = p_key),
    '00000000-0000-0000-0000-000000000000'::uuid) end
$$;

-- One page in the order (p_sort descending with unknown dates last, user), or that order backwards. It starts behind
-- (p_after_value, p_after_user); without p_after_user at the very beginning. p_find: id, contains, prefix or nothing. p_common says that very many match.
create or replace function search_end_users(
  p_find text, p_text text, p_status text, p_tier text, p_application uuid,
  p_seen_from timestamptz, p_seen_to timestamptz, p_from timestamptz, p_to timestamptz,
  p_common boolean, p_sort text, p_backward boolean, p_after_value timestamptz, p_after_user uuid, p_limit integer
) returns table(
  user_id uuid, email text, display_name text, status text, plan_tier text, plan_tier_name text,
  rate_limit_override jsonb, created_at timestamptz, first_consent_at timestamptz, last_seen_at timestamptz,
  suspended_at timestamptz, suspended_reason text, applications text[]
) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_column text := case p_sort when 'last_seen' then 'last_seen_at' when 'first_consent' then 'first_consent_at' end;
  v_tier uuid := tier_of_key(v_tenant, p_tier);
  v_source text := end_users_source(
    p_find, p_common, p_status, v_tier, p_application, p_seen_from, p_seen_to, p_from, p_to);
  v_way text := case when p_backward then 'asc' else 'desc' end;
  v_sign text := case when p_backward then '>' else '<' end;
  v_nulls text := case when p_backward then 'nulls first' else 'nulls last' end;
  v_dated text;
  v_undated text;
begin
  if v_column is null then
    raise exception 'no such sort: %', p_sort using errcode = 'invalid_parameter_value';
  end if;
  -- Two walks of one index, the rows with a date and those without: a row comparison alone would lose the latter.
  v_dated := format(
    'select e.user_id from %2$s and e.%1$I is not null %3$s order by e.%1$I %4$s %5$s, e.user_id %4$s',
    v_column, v_source,
    case when p_after_value is not null then format('and (e.%I, e.user_id) %s ($10, $11)', v_column, v_sign)
         when p_after_user is not null and not p_backward then 'and false' else '' end,
    v_way, v_nulls);
  v_undated := format(
    'select e.user_id from %2$s and e.%1$I is null %3$s order by e.user_id %4$s',
    v_column, v_source,
    case when p_after_user is null then ''
         when p_after_value is null then format('and e.user_id %s $11', v_sign)
         when p_backward then 'and false' else '' end,
    v_way);
  return query execute format(
    'select e.user_id, p.email::text, p.display_name::text, e.status::text, t.key::text, t.name::text,
            e.rate_limit_override, e.created_at, e.first_consent_at, e.last_seen_at,
            e.suspended_at, e.suspended_reason::text,
            array(select distinct a.name::text from oauth_consent c
                    join authz_application a on a.tenant_id = $1 and a.id = c.application_id
                   where c.tenant_id = $1 and c.user_id = e.user_id and c.withdrawn_at is null order by 1)
       from (select * from (%1$s) d union all select * from (%2$s) u limit $12) found
       join endusers_enduser e on e.tenant_id = $1 and e.user_id = found.user_id
       join tenants_profile p on p.tenant_id = $1 and p.user_id = found.user_id
       join endusers_plantier t on t.tenant_id = $1 and t.id = e.plan_tier_id
      order by e.%3$I %4$s %5$s, e.user_id %4$s',
    case when p_backward then v_undated else v_dated end,
    case when p_backward then v_dated else v_undated end,
    v_column, v_way, v_nulls)
    using v_tenant, p_text, p_status, v_tier, p_application, p_seen_from, p_seen_to, p_from, p_to,
          p_after_value, p_after_user, p_limit;
end $$;

-- How many match: counted up to p_cap, estimated by the planner beyond it.
create or replace function count_end_users(
  p_find text, p_text text, p_status text, p_tier text, p_application uuid,
  p_seen_from timestamptz, p_seen_to timestamptz, p_from timestamptz, p_to timestamptz, p_cap integer
) returns table(total bigint, is_estimate boolean)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_tier uuid := tier_of_key(v_tenant, p_tier);
  v_source text := end_users_source(
    p_find, false, p_status, v_tier, p_application, p_seen_from, p_seen_to, p_from, p_to);
  v_plan json;
begin
  execute format('select count(*) from (select from %s limit $10 + 1) capped', v_source) into total
    using v_tenant, p_text, p_status, v_tier, p_application, p_seen_from, p_seen_to, p_from, p_to, p_cap;
  is_estimate := total > p_cap;
  if is_estimate then
    execute 'explain (format json) select from ' || v_source into v_plan
      using v_tenant, p_text, p_status, v_tier, p_application, p_seen_from, p_seen_to, p_from, p_to;
    total := greatest(total, (v_plan #>> '{0,Plan,Plan Rows}')::bigint);
  end if;
  return next;
end $$;

-- What the list can be narrowed to: the tenant's tiers, and the Applications that people can have connected.
create or replace function end_user_choices() returns table(kind text, id uuid, key text, name text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
begin
  return query
    select 'tier', t.id, t.key::text, t.name::text from endusers_plantier t where t.tenant_id = v_tenant
    union all
    (select 'application', a.id, a.id::text, a.name::text from authz_application a
      where a.tenant_id = v_tenant and a.ended_at is null order by a.name limit 200);
end $$;
