-- Whom a bulk action is about: the list's own filters, or ids. The argument p_chosen is what end_users_source.sql says of
-- p_asked, or user_ids; besides common (very many match, as the list says it) and until (nobody who came later). Definer
-- functions for the reason that is given there.

-- The text behind FROM, with the rows e.
create or replace function chosen_source(p_chosen jsonb) returns text
language sql stable set search_path = public, pg_temp as $$
  select case when p_chosen ? 'user_ids'
    then format('endusers_enduser e where e.tenant_id = %L::uuid and e.user_id = any(%L::uuid[])',
      current_setting('authsec.tenant', true), array(select jsonb_array_elements_text(p_chosen->'user_ids')))
    else end_users_source(p_chosen, coalesce((p_chosen->>'common')::boolean, false))
    end || format(' and e.created_at <= %L::timestamptz', p_chosen->>'until')
$$;

-- The next p_limit of them behind p_after, in the order of their ids.
create or replace function pick_end_users(p_chosen jsonb, p_after uuid, p_limit integer) returns setof uuid
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query execute format('select e.user_id from %s %s order by e.user_id limit $2',
    chosen_source(p_chosen), case when p_after is not null then 'and e.user_id > $1' else '' end)
    using p_after, p_limit;
end $$;

-- How many match: counted up to p_cap, the planner's word beyond it; without p_cap counted to the last. p_when narrows them to
-- those for whom an action would change nothing: suspended, active, tier_key, limit, unlimited, member, tokenless, stopped, nobody, with p_value.
create or replace function count_chosen(p_chosen jsonb, p_when text, p_value text, p_cap integer)
returns table(total bigint, is_estimate boolean)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_tokenless text := format(' and not exists (select from oauth_accesstoken a where a.tenant_id = %1$L'
    ' and a.subject = e.user_id) and not exists (select from oauth_refreshtoken r'
    ' where r.tenant_id = %1$L and r.subject = e.user_id and r.revoked is null)', v_tenant);
  v_source text := chosen_source(p_chosen) || case p_when
    when 'suspended' then ' and e.status = ''suspended'''
    when 'active' then ' and e.status = ''active'''
    when 'tier_key' then format(' and e.plan_tier_id = %L::uuid', tier_of_key(v_tenant, p_value))
    when 'limit' then format(' and e.rate_limit_override = %L::jsonb', p_value)
    when 'unlimited' then ' and e.rate_limit_override is null'
    when 'member' then format(' and exists (select from authz_groupmember m where m.tenant_id = %L'
      ' and m.user_id = e.user_id and m.group_id = %L::uuid and m.ended_at is null)', v_tenant, p_value)
    when 'tokenless' then v_tokenless
    when 'nobody' then ' and false'
    when 'stopped' then ' and e.status = ''suspended''' || v_tokenless
    else '' end;
begin
  execute format('select count(*) from (select from %s limit $1) capped', v_source) into total using p_cap::bigint + 1;
  is_estimate := coalesce(total > p_cap, false);
  if is_estimate then
    total := greatest(total, (select p.total from planned(v_source, 1) p));
  end if;
  return next;
end $$;

-- What the people among them hold that works now, each kind counted up to p_cap: tokens, connections, and sign-ins at
-- clients. p_active: only those who are not suspended, whose suspension would stop something.
create or replace function count_held(p_chosen jsonb, p_active boolean, p_at timestamptz, p_cap integer)
returns table(tokens bigint, connections bigint, sign_ins bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_holder text := ' and exists (select from ' || replace(chosen_source(p_chosen), '%', '%%')
    || case when p_active then ' and e.status = ''active''' else '' end || ' and e.user_id = %s)';
begin
  return query execute format(
    'select (select count(*) from (
         select from oauth_accesstoken h where h.tenant_id = $1 and h.expires > $2 %1$s
         union all
         select from oauth_refreshtoken h where h.tenant_id = $1 and h.revoked is null and h.expires > $2 %1$s
         limit $3) c),
       (select count(*) from (select from oauth_consent h
         where h.tenant_id = $1 and h.withdrawn_at is null %2$s limit $3) c),
       (select count(*) from (select from oauth_clientsession h
         where h.tenant_id = $1 and h.ended_at is null %2$s limit $3) c)',
    format(v_holder, 'h.subject'), format(v_holder, 'h.user_id'))
    using v_tenant, p_at, p_cap::bigint + 1;
end $$;
