-- Whom a bulk action is about: the list's own filters, or ids. The argument p_chosen holds find, text, status,
-- plan_tier, application, seen_from, seen_to, consent_from, consent_to, user_ids, common (very many match, as the list
-- says it) and until (nobody who came later). Definer functions for the reason that search_end_users.sql gives.

-- The text behind FROM. Its values: $1 tenant, $2 to $9 as in end_users_source, $10 ids, $11 until.
create or replace function chosen_source(p_chosen jsonb, p_tier uuid) returns text
language sql immutable set search_path = public, pg_temp as $$
  select case when p_chosen ? 'user_ids'
    then 'endusers_enduser e where e.tenant_id = $1 and e.user_id = any($10)'
    else end_users_source(
      p_chosen->>'find', coalesce((p_chosen->>'common')::boolean, false), p_chosen->>'status', p_tier,
      (p_chosen->>'application')::uuid, (p_chosen->>'seen_from')::timestamptz, (p_chosen->>'seen_to')::timestamptz,
      (p_chosen->>'consent_from')::timestamptz, (p_chosen->>'consent_to')::timestamptz)
    end || ' and e.created_at <= $11'
$$;

-- The next p_limit of them behind p_after, in the order of their ids.
create or replace function pick_end_users(p_chosen jsonb, p_after uuid, p_limit integer) returns setof uuid
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_tier uuid := tier_of_key(v_tenant, p_chosen->>'plan_tier');
begin
  return query execute format('select e.user_id from %s %s order by e.user_id limit $13',
    chosen_source(p_chosen, v_tier), case when p_after is not null then 'and e.user_id > $12' else '' end)
    using v_tenant, p_chosen->>'text', p_chosen->>'status', v_tier, (p_chosen->>'application')::uuid,
          (p_chosen->>'seen_from')::timestamptz, (p_chosen->>'seen_to')::timestamptz,
          (p_chosen->>'consent_from')::timestamptz, (p_chosen->>'consent_to')::timestamptz,
          array(select jsonb_array_elements_text(p_chosen->'user_ids')::uuid), (p_chosen->>'until')::timestamptz,
          p_after, p_limit;
end $$;

-- How many match: counted up to p_cap, the planner's word beyond it; without p_cap counted to the last. p_when narrows them to
-- those for whom an action would change nothing: suspended, active, tier_key, limit, unlimited, member, tokenless, stopped, nobody, with p_value.
create or replace function count_chosen(p_chosen jsonb, p_when text, p_value text, p_cap integer)
returns table(total bigint, is_estimate boolean)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_tier uuid := tier_of_key(v_tenant, p_chosen->>'plan_tier');
  v_tokenless text := ' and not exists (select from oauth_accesstoken a where a.tenant_id = $1'
    ' and a.subject = e.user_id) and not exists (select from oauth_refreshtoken r'
    ' where r.tenant_id = $1 and r.subject = e.user_id and r.revoked is null)';
  v_source text := chosen_source(p_chosen, v_tier) || case p_when
    when 'suspended' then ' and e.status = ''suspended'''
    when 'active' then ' and e.status = ''active'''
    when 'tier_key' then ' and e.plan_tier_id = tier_of_key($1, $12)'
    when 'limit' then ' and e.rate_limit_override = $12::jsonb'
    when 'unlimited' then ' and e.rate_limit_override is null'
    when 'member' then ' and exists (select from authz_groupmember m where m.tenant_id = $1'
      ' and m.user_id = e.user_id and m.group_id = $12::uuid and m.ended_at is null)'
    when 'tokenless' then v_tokenless
    when 'nobody' then ' and false'
    when 'stopped' then ' and e.status = ''suspended''' || v_tokenless
    else '' end;
  v_plan json;
begin
  execute format('select count(*) from (select from %s limit $13) capped', v_source) into total
    using v_tenant, p_chosen->>'text', p_chosen->>'status', v_tier, (p_chosen->>'application')::uuid,
          (p_chosen->>'seen_from')::timestamptz, (p_chosen->>'seen_to')::timestamptz,
          (p_chosen->>'consent_from')::timestamptz, (p_chosen->>'consent_to')::timestamptz,
          array(select jsonb_array_elements_text(p_chosen->'user_ids')::uuid), (p_chosen->>'until')::timestamptz,
          p_value, p_cap::bigint + 1;
  is_estimate := coalesce(total > p_cap, false);
  if is_estimate then
    execute 'explain (format json) select from ' || v_source into v_plan
      using v_tenant, p_chosen->>'text', p_chosen->>'status', v_tier, (p_chosen->>'application')::uuid,
            (p_chosen->>'seen_from')::timestamptz, (p_chosen->>'seen_to')::timestamptz,
            (p_chosen->>'consent_from')::timestamptz, (p_chosen->>'consent_to')::timestamptz,
            array(select jsonb_array_elements_text(p_chosen->'user_ids')::uuid), (p_chosen->>'until')::timestamptz,
            p_value;
    total := greatest(total, (v_plan #>> '{0,Plan,Plan Rows}')::bigint);
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
  v_tier uuid := tier_of_key(v_tenant, p_chosen->>'plan_tier');
  v_holder text := ' and exists (select from ' || chosen_source(p_chosen, v_tier)
    || case when p_active then ' and e.status = ''active''' else '' end || ' and e.user_id = %s)';
begin
  return query execute format(
    'select (select count(*) from (
         select from oauth_accesstoken h where h.tenant_id = $1 and h.expires > $12 %1$s
         union all
         select from oauth_refreshtoken h where h.tenant_id = $1 and h.revoked is null and h.expires > $12 %1$s
         limit $13) c),
       (select count(*) from (select from oauth_consent h
         where h.tenant_id = $1 and h.withdrawn_at is null %2$s limit $13) c),
       (select count(*) from (select from oauth_clientsession h
         where h.tenant_id = $1 and h.ended_at is null %2$s limit $13) c)',
    format(v_holder, 'h.subject'), format(v_holder, 'h.user_id'))
    using v_tenant, p_chosen->>'text', p_chosen->>'status', v_tier, (p_chosen->>'application')::uuid,
          (p_chosen->>'seen_from')::timestamptz, (p_chosen->>'seen_to')::timestamptz,
          (p_chosen->>'consent_from')::timestamptz, (p_chosen->>'consent_to')::timestamptz,
          array(select jsonb_array_elements_text(p_chosen->'user_ids')::uuid), (p_chosen->>'until')::timestamptz,
          p_at, p_cap::bigint + 1;
end $$;
