-- The End Users list: one page of it and how many match, people as it shows them, and what it can be narrowed to. What
-- p_asked holds and how it becomes SQL is said in end_users_source.sql.

-- One page's ids, in the order that it is read in: by p_sort, newest first or (p_ascending) oldest first, people without
-- a date last, ties by id; p_backward reads it from the end. It starts behind (p_after_value, p_after_user), without
-- p_after_user at the very beginning. total is exact up to p_cap; where many share a name or a connection, or are
-- suspended, and not p_counted, it is null: to count them takes longer than the page (count_end_users).
--
-- Few matches are read as the planner likes, counted and sorted. Where many are expected, or where that would cost too
-- much, the page walks the index of the sort and looks at each person on the way, p_reach of them at most. Should that
-- not fill it, all that match are sorted, if they are no more than p_most; else the page ends early, and (cut_value,
-- cut_user) is how far it came.
create or replace function end_users_page(
  p_asked jsonb, p_sort text, p_ascending boolean, p_backward boolean, p_after_value timestamptz, p_after_user uuid,
  p_limit integer, p_cap integer, p_reach integer, p_most integer, p_counted boolean
) returns table(total bigint, is_estimate boolean, ids uuid[], cut_value timestamptz, cut_user uuid)
language plpgsql volatile security definer set search_path = public, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
  c_dear constant float := 50000;  -- of the planner's: some 200 ms
  v_column text := case p_sort when 'last_seen' then 'last_seen_at' when 'first_consent' then 'first_consent_at' end;
  v_expected record := end_users_expected(p_asked, p_cap + 1);
  v_source text := end_users_source(p_asked, v_expected.probed);
  v_down boolean := p_ascending = p_backward;
  v_sign text := case when v_down then '<' else '>' end;
  v_dated text := case when p_after_value is null then (p_after_user is null or p_backward)::text
    else format('(at, user_id) %s (%L::timestamptz, %L::uuid)', v_sign, p_after_value, p_after_user) end;
  v_undated text := case when p_after_user is not null and p_after_value is null
    then format('user_id %s %L::uuid', v_sign, p_after_user) else (p_after_user is null or not p_backward)::text end;
  v_way text := case when v_down then 'at desc nulls last, user_id desc' else 'at asc nulls first, user_id asc' end;
  v_order text := format('at is null %s, %s', case when p_backward then 'desc' else 'asc' end, v_way);
  v_sorted text := format('with found as materialized (select e.user_id, e.%I as at from %s limit $1)
    select (select count(*) from found),
           array(select user_id from found where case when at is null then %s else %s end order by %s limit $2)',
    v_column, v_source, v_undated, v_dated, v_order);
  v_walk text;
  v_ids uuid[];
  -- Counting them off would be all that the page takes long for.
  v_shared boolean := v_expected.total between p_cap / 2 and 3 * p_cap and not v_expected.probed
    and (searches(p_asked) or end_user_connections(p_asked) is not null or p_asked->>'status' = 'suspended');
begin
  if v_column is null then
    raise exception 'no such sort: %', p_sort using errcode = 'invalid_parameter_value';
  end if;
  is_estimate := false;
  if v_expected.total <= 3 * p_cap and v_expected.cost <= c_dear and not v_shared then
    execute v_sorted using p_cap + 1, p_limit into total, ids;
    if total <= p_cap then
      return next;
      return;
    end if;
  end if;
  v_walk := end_users_walk(p_asked, v_column, v_dated, v_undated, v_way, p_backward);
  ids := end_users_met(p_asked, v_walk, p_limit, p_reach, v_expected.total::float / v_expected.everybody);
  if cardinality(ids) < p_limit then
    execute format('select at, user_id from (%s offset $1 limit 1) e', v_walk) using p_reach - 1 into cut_value, cut_user;
    if cut_user is null and p_after_user is null then
      total := cardinality(ids);  -- looked at everybody
      return next;
      return;
    end if;
  end if;
  if cut_user is not null and v_expected.cost <= c_dear then
    execute v_sorted using p_most + 1, p_limit into total, v_ids;
    if total <= p_most then
      select v_ids, null, null into ids, cut_value, cut_user;
      return next;
      return;
    end if;
  end if;
  if v_shared then
    total := null;
    if p_counted then
      select c.total, c.is_estimate into total, is_estimate from count_end_users(p_asked, p_cap) c;
    end if;
  else
    is_estimate := true;
    total := greatest(v_expected.total, total, p_cap + 1);
  end if;
  return next;
end $$;

-- The first p_limit whom a walk meets and who match, of the first p_reach; p_share of all are expected to. Names are
-- looked up for as many at a time as should hold the page.
create or replace function end_users_met(p_asked jsonb, p_walk text, p_limit integer, p_reach integer, p_share float)
returns uuid[] language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_met text := format('select array(select user_id from (select e.* from (%s offset $1 limit $2) e where true%s%s %%s) f)',
    p_walk, end_user_terms(p_asked), end_user_links(p_asked - 'find', true));
  v_step integer := least(p_reach, greatest(p_limit / greatest(p_share, 0.000001), 2 * p_limit));
  v_looked integer := 0;
  v_named uuid[] := '{}';
  v_ids uuid[];
begin
  if not searches(p_asked) then
    execute format(v_met, 'limit $3') using 0, p_reach, p_limit into v_ids;
    return v_ids;
  end if;
  while v_looked < p_reach and cardinality(v_named) < p_limit loop
    execute format(v_met, '') using v_looked, v_step into v_ids;
    v_named := v_named || named_among(p_asked, v_ids);
    v_looked := v_looked + v_step;
    v_step := least(greatest(v_looked / 8, 2 * p_limit), p_reach - v_looked);
  end loop;
  return v_named[1:p_limit];
end $$;

-- How many match, counted to p_cap; beyond it about how many.
create or replace function count_end_users(p_asked jsonb, p_cap integer) returns table(total bigint, is_estimate boolean)
language plpgsql volatile security definer set search_path = public, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
  v_expected record := end_users_expected(p_asked, p_cap + 1);
begin
  if v_expected.total <= 3 * p_cap then
    execute 'select count(*) from (' || case
        when end_user_terms(p_asked) = '' and searches(p_asked) <> (end_user_connections(p_asked) is not null)
        then linked_consumers(p_asked) else 'select from ' || end_users_source(p_asked, v_expected.probed) end || ' limit $1) c'
      using p_cap + 1 into total;
  end if;
  is_estimate := coalesce(total > p_cap, true);
  total := case when is_estimate then greatest(v_expected.total, p_cap + 1) else total end;
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
             where key in (case p_column when 'first_consent_at' then 'consent_from' else 'seen_from' end,
                           case p_column when 'first_consent_at' then 'consent_to' else 'seen_to' end)) range(terms))
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

-- What the list can be narrowed to: the tenant's tiers (a former one is retired, and nobody holds it), the Applications
-- that people can have connected, the clients by which they did; and the views that the user p_user keeps, each with its
-- query as the key.
create or replace function end_user_choices(p_user uuid) returns table(kind text, id uuid, key text, name text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
begin
  return query
    (select case when t.ended_at is null or exists (select from endusers_enduser e
              where e.tenant_id = v_tenant and e.plan_tier_id = t.id) then 'tier' else 'former tier' end,
            t.id, t.key::text, t.name::text
       from endusers_plantier t where t.tenant_id = v_tenant order by t.created_at, t.id)
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
