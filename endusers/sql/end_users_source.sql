-- What the End Users list is narrowed to, as text of SQL: for one page of it (search_end_users.sql) and for bulk actions
-- (chosen_end_users.sql). Part of a name or an address is found through a trigram index, which row-level security keeps
-- the planner from using (ILIKE is not leakproof): hence the functions that call these are definer functions. The tenant
-- is the one in force, never an argument.
--
-- p_asked is what the list is narrowed to (endusers.queries.Filters.asked): find and text, status, plan_tier (a key),
-- application, client, seen_from, seen_to, consent_from, consent_to; what is missing narrows nothing. Beside find and text
-- stands the whole address that the text may be. It becomes one statement with its values quoted into it, so that the
-- planner knows them.

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

-- Whom a text names: whoever has it as their address, else through the trigrams or the two pattern indexes. By itself,
-- because the planner takes any three letters for four in a hundred people and would rather read everybody.
create or replace function people_named(p_asked jsonb) returns setof uuid
language plpgsql stable rows 1000 set search_path = public, pg_temp set enable_seqscan = off set enable_indexscan = off
as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
begin
  -- Parts of a whole address are in so many others that the trigrams take long to tell them apart.
  return query select p.user_id from tenants_profile p where p.tenant_id = v_tenant and p.email = p_asked->>'address';
  if not found then
    return query execute format('select p.user_id from tenants_profile p where p.tenant_id = %L::uuid and %s',
      v_tenant, named_terms(p_asked));
  end if;
end $$;

-- Who of p_people is named, in their order. Looked up together: an index is cheaper to read in its own order. OFFSET 0 keeps
-- the planner from finding all who are named first; addresses are in small letters, and LIKE is quicker than ILIKE.
create or replace function named_among(p_asked jsonb, p_people uuid[]) returns uuid[]
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_named uuid[];
begin
  execute format('select array(select p.user_id from (select * from tenants_profile p where p.tenant_id = %1$L::uuid'
    ' and p.user_id = any(array(select unnest($1))) offset 0) p where p.email like %2$L or lower(p.display_name) like %2$L)',
    current_setting('authsec.tenant', true), lower(p_asked->>'text')) using p_people into v_named;
  return array(select person from unnest(p_people) with ordinality walked(person, place)
                where person in (select unnest(v_named)) order by place);
end $$;

-- What a row p of profiles has to fulfil for a text.
create or replace function named_terms(p_asked jsonb) returns text
language sql immutable set search_path = public, pg_temp as $$
  select format(case p_asked->>'find' when 'contains' then '(p.email ilike %1$L or p.display_name ilike %1$L)'
                else '(p.email like %1$L or lower(p.display_name) like %1$L)' end, p_asked->>'text')
$$;

-- The live connections that are asked for, as the text behind FROM; null where none are.
create or replace function end_user_connections(p_asked jsonb) returns text
language sql stable set search_path = public, pg_temp as $$
  select case when p_asked ? 'application' or p_asked ? 'client' then
    format('oauth_consent c where c.tenant_id = %L::uuid and c.withdrawn_at is null', current_setting('authsec.tenant', true))
    || coalesce(' and c.application_id = ' || quote_literal(p_asked->>'application') || '::uuid', '')
    || coalesce(' and c.client_id = ' || quote_literal(p_asked->>'client') || '::uuid', '') end
$$;

-- Whether a name or an address is searched for.
create or replace function searches(p_asked jsonb) returns boolean language sql immutable set search_path = public, pg_temp
as $$ select coalesce(p_asked->>'find' in ('contains', 'prefix'), false) $$;

-- What stands in other tables about the person of a row e, in the same form. p_probed: looked up for each row by itself.
-- An EXISTS would be made a join, which reads all that match before it gives the first. The suspended are among those who
-- ever were: no index of end users knows the status. These and the named ones are an array, whose ids an index looks up
-- together, in half the time that a join takes for them one by one.
create or replace function end_user_links(p_asked jsonb, p_probed boolean) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce(case when p_probed then ' and (select true from ' else ' and exists (select from ' end
        || end_user_connections(p_asked) || ' and c.user_id = e.user_id'
        || case when p_probed then ' limit 1)' else ')' end, '')
    || case when not p_probed and p_asked->>'status' = 'suspended' then format(' and e.user_id = any(array(select s.user_id'
         ' from endusers_standingchange s where s.tenant_id = %L::uuid and s.capacity = ''end_user'''
         ' and s.to_status = ''suspended''))', current_setting('authsec.tenant', true)) else '' end
    || case when not searches(p_asked) then ''
       when p_probed then format(' and (select true from tenants_profile p where p.tenant_id = %L::uuid'
         ' and p.user_id = e.user_id and %s limit 1)', current_setting('authsec.tenant', true), named_terms(p_asked))
       else format(' and e.user_id = any(array(select people_named(%L)))', p_asked) end
$$;

-- Who has the connections that are asked for, or whom the text names, and is an end user: to count them without a look at
-- each one's row. Who is named or connected and no end user is or was a member, and those are few.
create or replace function linked_consumers(p_asked jsonb) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce('select distinct c.user_id from ' || end_user_connections(p_asked) || ' and ',
      format('select c.user_id from people_named(%L) c(user_id) where ', p_asked))
    || format('c.user_id not in (select m.user_id from tenants_membership m where m.tenant_id = %L::uuid and not exists ('
      'select from endusers_enduser e where e.tenant_id = m.tenant_id and e.user_id = m.user_id))',
      current_setting('authsec.tenant', true))
$$;

-- Where the matching rows e are: the text behind FROM. The planner finds the way.
create or replace function end_users_source(p_asked jsonb, p_probed boolean default false) returns text
language sql stable set search_path = public, pg_temp as $$
  select format('endusers_enduser e where e.tenant_id = %L::uuid', current_setting('authsec.tenant', true))
    || end_user_terms(p_asked) || end_user_links(p_asked, p_probed)
$$;

-- How many rows the planner expects of a FROM, and what it thinks that the first p_limit of them cost.
create or replace function planned(p_source text, p_limit integer, out total bigint, out cost float)
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_plan json;
begin
  execute format('explain (format json) select from %s limit %s', p_source, p_limit) into v_plan;
  total := (v_plan #>> '{0,Plan,Plans,0,Plan Rows}')::bigint;
  cost := (v_plan #>> '{0,Plan,Total Cost}')::float;
end $$;

-- About how many match, of how many in all, what it costs to read the first p_limit of them, and whether to look for
-- their names one by one. The planner knows single tables. It does not know that a tenant's people have that tenant's
-- connections, nor how many a text names: hence shares of the tenant, for the text that of its 250 first and 250 last
-- people. Whoever has a whole address is one.
create or replace function end_users_expected(
  p_asked jsonb, p_limit integer, out total bigint, out everybody bigint, out cost float, out probed boolean
) language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_everybody text := end_users_source('{}');
  v_sample text := format('(select * from endusers_enduser e where e.tenant_id = %L::uuid order by e.tenant_id %%1$s,'
    ' e.user_id %%1$s limit 250)', current_setting('authsec.tenant', true));
  v_share float;
begin
  everybody := (select greatest(a.total, 1) from planned(v_everybody, 1) a);
  total := (select o.total from planned(v_everybody || end_user_terms(p_asked), 1) o);
  cost := (select s.cost from planned(end_users_source(p_asked - 'find'), p_limit) s);
  if end_user_connections(p_asked) is not null then
    total := total * least((select c.total from planned(end_user_connections(p_asked), 1) c)::float / everybody, 1);
  end if;
  probed := false;
  if p_asked ? 'address' then
    total := 1;
    cost := 1;
  elsif searches(p_asked) then
    execute format('select coalesce(avg(case when true%s then 1 else 0 end), 0) from (%s union all %s) e',
        end_user_links(p_asked - '{application,client}'::text[], true), format(v_sample, 'asc'), format(v_sample, 'desc'))
      into v_share;
    probed := total < everybody * v_share;
    cost := least(total, everybody * v_share) * 1.5;
    total := total * v_share;
  end if;
end $$;
