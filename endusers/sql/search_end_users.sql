-- The End Users list: one page of it, and how many match. Part of a name or an address is found through a trigram
-- index, which row-level security keeps the planner from using (ILIKE is not leakproof): hence definer functions. The
-- tenant is the one in force, never an argument.
--
-- p_asked is what the list is narrowed to (endusers.queries.Filters.asked): find and text, status, plan_tier (a key),
-- application, client, seen_from, seen_to, consent_from, consent_to; what is missing narrows nothing. It becomes one
-- statement with its values quoted into it, so that the planner knows them.

-- The id of a tier by its key. A key that the tenant does not have is an id that nobody holds.
create or replace function tier_of_key(p_tenant uuid, p_key text) returns uuid
language sql stable set search_path = public, pg_temp as $$
  select case when p_key is not null then coalesce(
    (select t.id from endusers_plantier t where t.tenant_id = p_tenant and t.key = p_key),
    '00000000-0000-0000-0000-000000000000'::uuid) end
$$;

-- What a row e of end users has to fulfil by itself, as text that begins with "and".
create or replace function end_user_terms(p_asked jsonb) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce(string_agg(format(' and ' || term, value), '' order by term), '')
    from (values
      ('e.user_id = %L::uuid', case when p_asked->>'find' = 'id' then p_asked->>'text' end),
      ('e.status = %L', p_asked->>'status'),
      ('e.plan_tier_id = %L::uuid',
        tier_of_key(nullif(current_setting('authsec.tenant', true), '')::uuid, p_asked->>'plan_tier')::text),
      ('e.last_seen_at >= %L::timestamptz', p_asked->>'seen_from'),
      ('e.last_seen_at < %L::timestamptz', p_asked->>'seen_to'),
      ('e.first_consent_at >= %L::timestamptz', p_asked->>'consent_from'),
      ('e.first_consent_at < %L::timestamptz', p_asked->>'consent_to')) asked(term, value)
   where value is not null
$$;

-- What stands in other tables about the person of a row e, in the same form. p_probed: looked up for each row by itself.
-- An EXISTS would be made a join, which reads all that match before it gives the first.
create or replace function end_user_links(p_asked jsonb, p_probed boolean) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce(string_agg(format(
      case when p_probed then ' and (select true from %1$s limit 1)' else ' and exists (select from %1$s)' end, place),
      '' order by place), '')
    from (values
      (format('oauth_consent c where c.tenant_id = %L::uuid and c.user_id = e.user_id and c.withdrawn_at is null',
          current_setting('authsec.tenant', true))
        || coalesce(' and c.application_id = ' || quote_literal(p_asked->>'application') || '::uuid', '')
        || coalesce(' and c.client_id = ' || quote_literal(p_asked->>'client') || '::uuid', ''),
        p_asked ? 'application' or p_asked ? 'client'),
      (format('tenants_profile p where p.tenant_id = %L::uuid and p.user_id = e.user_id and '
          || case p_asked->>'find'
             when 'contains' then '(p.email ilike %2$L or p.display_name ilike %2$L)'
             else '(p.email like %2$L or lower(p.display_name) like %2$L)' end,
          current_setting('authsec.tenant', true), p_asked->>'text'),
        p_asked->>'find' in ('contains', 'prefix'))) asked(place, wanted)
   where wanted
$$;

-- Where the matching rows e are: the text behind FROM. The planner finds the way.
create or replace function end_users_source(p_asked jsonb, p_probed boolean default false) returns text
language sql stable set search_path = public, pg_temp as $$
  select format('endusers_enduser e where e.tenant_id = %L::uuid', current_setting('authsec.tenant', true))
    || end_user_terms(p_asked) || end_user_links(p_asked, p_probed)
$$;

-- How many rows the planner expects of a FROM.
create or replace function planned_rows(p_source text) returns bigint
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_plan json;
begin
  execute 'explain (format json) select from ' || p_source into v_plan;
  return (v_plan #>> '{0,Plan,Plan Rows}')::bigint;
end $$;

-- One page's ids, in the order that it is read in: by p_sort, newest first or (p_ascending) oldest first, people without
-- a date last, ties by id; p_backward reads it from the end. It starts behind (p_after_value, p_after_user), without
-- p_after_user at the very beginning. total is exact up to p_cap and the planner's word beyond.
--
-- Up to p_cap matches are read as the planner likes, counted and sorted. Where more match, the page walks the index of
-- the sort and looks at each person on the way, p_reach of them at most. Should that not fill it, all that match are
-- sorted, if they are no more than p_most; else the page ends early, and (cut_value, cut_user) is how far it came.
create or replace function end_users_page(
  p_asked jsonb, p_sort text, p_ascending boolean, p_backward boolean, p_after_value timestamptz, p_after_user uuid,
  p_limit integer, p_cap integer, p_reach integer, p_most integer
) returns table(total bigint, is_estimate boolean, ids uuid[], cut_value timestamptz, cut_user uuid)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_column text := case p_sort when 'last_seen' then 'last_seen_at' when 'first_consent' then 'first_consent_at' end;
  v_source text := end_users_source(p_asked);
  v_down boolean := p_ascending = p_backward;
  v_sign text := case when v_down then '<' else '>' end;
  v_dated text := case when p_after_value is null then (p_after_user is null or p_backward)::text
    else format('(at, user_id) %s (%L::timestamptz, %L::uuid)', v_sign, p_after_value, p_after_user) end;
  v_undated text := case when p_after_user is not null and p_after_value is null
    then format('user_id %s %L::uuid', v_sign, p_after_user) else (p_after_user is null or not p_backward)::text end;
  v_way text := case when v_down then 'at desc nulls last, user_id desc' else 'at asc nulls first, user_id asc' end;
  v_order text := format('at is null %s, %s', case when p_backward then 'desc' else 'asc' end, v_way);
  v_sorted text := 'with found as materialized (select e.user_id, e.%I as at from %s limit %s)
    select (select count(*) from found),
           array(select user_id from found where case when at is null then %s else %s end order by %s limit %s)';
  v_walk text;
  v_all bigint;
  v_ids uuid[];
begin
  if v_column is null then
    raise exception 'no such sort: %', p_sort using errcode = 'invalid_parameter_value';
  end if;
  execute format(v_sorted, v_column, v_source, p_cap + 1, v_undated, v_dated, v_order, p_limit) into total, ids;
  is_estimate := total > p_cap;
  if is_estimate then
    total := greatest(total, planned_rows(v_source));
    v_walk := end_users_walk(p_asked, v_column, v_dated, v_undated, v_way, p_backward);
    execute format('select array(select user_id from (select e.* from (%s limit %s) e where true%s%s limit %s) f order by %s)',
      v_walk, p_reach, end_user_terms(p_asked), end_user_links(p_asked, true), p_limit, v_order) into ids;
    if cardinality(ids) < p_limit then
      execute format('select at, user_id from (%s offset %s limit 1) e', v_walk, p_reach - 1) into cut_value, cut_user;
    end if;
    if cut_user is not null then
      execute format(v_sorted, v_column, v_source, p_most + 1, v_undated, v_dated, v_order, p_limit) into v_all, v_ids;
      if v_all <= p_most then
        select v_ids, null, null into ids, cut_value, cut_user;
      end if;
    end if;
  end if;
  return next;
end $$;

-- The statement that walks the index of a sort over all that its own range leaves, with p_column as "at". Two walks, of
-- the rows with a date and of those without: a row comparison alone would lose the latter.
create or replace function end_users_walk(
  p_asked jsonb, p_column text, p_dated text, p_undated text, p_way text, p_backward boolean
) returns text language sql stable set search_path = public, pg_temp as $$
  with branch as (
    select dated, format('(select * from (select e.*, e.%1$I as at from endusers_enduser e where e.tenant_id = %2$L::uuid%3$s) e'
        ' where at is %4$s null and %5$s order by %6$s)',
      p_column, current_setting('authsec.tenant', true), end_user_terms(range.terms),
      case when dated then 'not' else '' end, case when dated then p_dated else p_undated end, p_way) as walk
      from (values (true), (false)) kinds(dated),
           (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(p_asked)
             where case p_column when 'first_consent_at' then key in ('consent_from', 'consent_to')
                   else key in ('seen_from', 'seen_to') or key = 'status' and value = '"suspended"' end) range(terms))
  select 'select * from (' || string_agg(walk, ' union all ' order by dated <> p_backward desc) || ') w' from branch
$$;

-- People as the list shows them, in the order of p_ids.
create or replace function end_user_cards(p_ids uuid[]) returns table(
  user_id uuid, email text, display_name text, status text, plan_tier text, plan_tier_name text,
  rate_limit_override jsonb, created_at timestamptz, first_consent_at timestamptz, last_seen_at timestamptz,
  suspended_at timestamptz, suspended_reason text, applications text[]
) language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
begin
  return query
    select e.user_id, p.email::text, p.display_name::text, e.status::text, t.key::text, t.name::text,
           e.rate_limit_override, e.created_at, e.first_consent_at, e.last_seen_at,
           e.suspended_at, e.suspended_reason::text,
           array(select distinct a.name::text from oauth_consent c
                   join authz_application a on a.tenant_id = v_tenant and a.id = c.application_id
                  where c.tenant_id = v_tenant and c.user_id = e.user_id and c.withdrawn_at is null order by 1)
      from unnest(p_ids) with ordinality wanted(id, place)
      join endusers_enduser e on e.tenant_id = v_tenant and e.user_id = wanted.id
      join tenants_profile p on p.tenant_id = v_tenant and p.user_id = wanted.id
      join endusers_plantier t on t.tenant_id = v_tenant and t.id = e.plan_tier_id
     order by wanted.place;
end $$;

-- What the list can be narrowed to: the tenant's tiers, the Applications that people can have connected, the clients by
-- which they did; and the views that the user p_user keeps, each with its query as the key.
create or replace function end_user_choices(p_user uuid) returns table(kind text, id uuid, key text, name text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
begin
  return query
    select 'tier', t.id, t.key::text, t.name::text from endusers_plantier t where t.tenant_id = v_tenant
    union all
    (select 'application', a.id, a.id::text, a.name::text from authz_application a
      where a.tenant_id = v_tenant and a.ended_at is null order by a.name limit 200)
    union all
    (select 'client', c.id, c.id::text, c.name::text from connected_clients(v_tenant) l(id)
       join oauth_client c on c.id = l.id order by c.name limit 200)
    union all
    (select 'view', v.id, v.query::text, v.name::text from endusers_savedview v
      where v.tenant_id = v_tenant and v.user_id = p_user order by v.created_at, v.id);
end $$;

-- The clients by which somebody of a tenant is connected. One look at an index for each, however many connections.
create or replace function connected_clients(p_tenant uuid) returns setof uuid
language sql stable set search_path = public, pg_temp as $$
  with recursive client(id) as (
    (select c.client_id from oauth_consent c where c.tenant_id = p_tenant and c.withdrawn_at is null
      order by c.client_id limit 1)
    union all
    select (select c.client_id from oauth_consent c
             where c.tenant_id = p_tenant and c.withdrawn_at is null and c.client_id > client.id
             order by c.client_id limit 1)
      from client where client.id is not null)
  select id from client where id is not null limit 500
$$;
