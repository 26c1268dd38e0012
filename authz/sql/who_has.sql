-- The reverse of effective_grants: who is reached by the bindings of some roles, on one Application or in the console.
--
-- Two steps, so that a plan tier with a million holders costs a page and no more: candidates() walks the index of each
-- source in the order of ids and stops behind p_size people; who_has() then asks the one function about these alone, and
-- joins what it says. A candidate is whom a binding may reach; who has it is effective_grants' word, never this file's.

-- Whom bindings of the roles reach, behind p_after in the order of ids. p_roles: for people; p_account_roles: for the
-- service accounts themselves (Cedar gives them other things). Null: any role. p_anywhere: bindings limited to any
-- Application count. p_met: the states of bindings that count. p_people: only these, who were searched for.
create or replace function who_has_candidates(
  p_tenant uuid, p_roles uuid[], p_account_roles uuid[], p_application uuid, p_anywhere boolean, p_group uuid,
  p_console boolean, p_source text, p_met text[], p_people uuid[], p_at timestamptz, p_mfa_at timestamptz, p_ip inet,
  p_after uuid, p_backward boolean, p_size integer
) returns table(kind text, id uuid) language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_way text := case when p_backward then 'desc' else 'asc' end;
  -- $1 tenant $2 roles $3 account roles $4 Application $5 group $6 met $7 people $8 at $9 mfa $10 ip $11 after $12 size
  v_counts text := 'b.tenant_id = $1 and in_force(b, $8) and binding_state(b, $8, $9, $10) = any ($6)'
    || case when p_anywhere then '' else ' and (b.application_id is null or b.application_id = $4)' end
    || case when p_group is null then '' else ' and b.group_id = $5' end;
  v_behind text := case when p_after is null then '' when p_backward then ' and %1$s < $11' else ' and %1$s > $11' end
    || case when p_people is null then '' else ' and %1$s = any ($7)' end
    || format(' order by %%1$s %s limit $12', v_way);
  v_roles text := case when p_roles is null then '' else ' and b.role_id = any ($2)' end;
  v_branches text[] := '{}';
begin
  if p_source is null or p_source = 'direct' then
    -- One walk for each role: the index (tenant, role, user) has the order that is wanted within a role only.
    if p_roles is not null and p_group is null then
      v_branches := v_branches || ('select ''user'' as kind, x.user_id as id from unnest($2) r(id) cross join lateral ('
        || 'select distinct b.user_id from authz_binding b where b.user_id is not null and b.role_id = r.id and ' || v_counts
        || format(v_behind, 'b.user_id') || ') x');
    end if;
    if p_group is null then
      v_branches := v_branches || ('(select distinct ''service_account'', b.service_account_id from authz_binding b where '
        || v_counts || ' and b.service_account_id is not null'
        || case when p_account_roles is null then '' else ' and b.role_id = any ($3)' end
        || format(v_behind, 'b.service_account_id') || ')');
    end if;
  end if;
  if p_source is null or p_source = 'group' then
    v_branches := v_branches || ('select ''user'', x.user_id from (select distinct b.group_id from authz_binding b where '
      || v_counts || ' and b.group_id is not null' || v_roles || ') s join authz_group g on g.tenant_id = $1'
      || ' and g.id = s.group_id and g.created_at <= $8 and (g.ended_at is null or g.ended_at > $8) cross join lateral ('
      || 'select distinct m.user_id from authz_groupmember m where m.tenant_id = $1 and m.group_id = s.group_id'
      || ' and m.added_at <= $8 and (m.ended_at is null or m.ended_at > $8)' || format(v_behind, 'm.user_id') || ') x');
  end if;
  if (p_source is null or p_source = 'service-account') and p_group is null then
    v_branches := v_branches || ('select ''user'', x.user_id from (select distinct b.service_account_id'
      || ' from authz_binding b where ' || v_counts || ' and b.service_account_id is not null' || v_roles || ') s'
      || ' cross join lateral (select distinct o.user_id from authz_serviceaccountoperator o where o.tenant_id = $1'
      || ' and o.service_account_id = s.service_account_id and o.added_at <= $8'
      || ' and (o.ended_at is null or o.ended_at > $8)' || format(v_behind, 'o.user_id') || ') x');
  end if;
  if (p_source is null or p_source = 'plan') and p_group is null and not p_console then
    v_branches := v_branches || ('select ''user'', x.user_id from (select distinct b.plan_tier_id from authz_binding b where '
      || v_counts || ' and b.plan_tier_id is not null' || v_roles || ') s cross join lateral ('
      || 'select e.user_id from endusers_enduser e where e.tenant_id = $1 and e.plan_tier_id = s.plan_tier_id'
      || format(v_behind, 'e.user_id') || ') x');
    if p_at < statement_timestamp() then  -- and who held it then
      v_branches := v_branches || ('select ''user'', x.user_id from (select distinct b.plan_tier_id from authz_binding b'
        || ' where ' || v_counts || ' and b.plan_tier_id is not null' || v_roles || ') s cross join lateral ('
        || 'select distinct h.user_id from endusers_endusertier h where h.tenant_id = $1'
        || ' and h.plan_tier_id = s.plan_tier_id and h.to_at > $8' || format(v_behind, 'h.user_id') || ') x');
    end if;
  end if;
  if v_branches = '{}' then
    return;
  end if;
  return query execute 'select distinct c.kind, c.id from (' || array_to_string(v_branches, ' union all ')
      -- Who only counts needs no order, and stops when more than enough came.
      || case when p_size > 10000 then ' limit 3 * $12' else '' end || format(') c(kind, id) order by c.id %s limit $12', v_way)
    using p_tenant, p_roles, p_account_roles, p_application, p_group, p_met, p_people, p_at, p_mfa_at, p_ip, p_after, p_size;
end $$;

-- One page of subjects with every path, a row for each path: what who_has_candidates() names, judged. p_met is as there;
-- p_states: only subjects in one of these states. p_console: console power is asked about, which only active members and
-- standing service accounts have, and nobody through a plan. p_enabled, p_verified, p_supported: facts of the Application, true where none is asked
-- about. ``reason`` says why a subject does not stand. A candidate whom nothing reaches comes with nulls: only so does
-- the reader know that the page was looked through.
create or replace function who_has(
  p_tenant uuid, p_roles uuid[], p_account_roles uuid[], p_application uuid, p_anywhere boolean, p_group uuid,
  p_console boolean, p_source text, p_met text[], p_people uuid[], p_at timestamptz, p_mfa_at timestamptz, p_ip inet,
  p_after uuid, p_backward boolean, p_size integer, p_enabled boolean, p_verified boolean, p_supported boolean
) returns table(
  kind text, id uuid, state text, reason text, name text, email text, member_status text, end_user_status text,
  binding_id uuid, role_id uuid, application_id uuid, source text, source_id uuid, met text, terms_id uuid
) language plpgsql stable set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_people uuid[];
  v_accounts uuid[];
begin
  select array_agg(c.id) filter (where c.kind = 'user'), array_agg(c.id) filter (where c.kind = 'service_account')
    into v_people, v_accounts
    from who_has_candidates(p_tenant, p_roles, p_account_roles, p_application, p_anywhere, p_group, p_console,
                            p_source, p_met, p_people, p_at, p_mfa_at, p_ip, p_after, p_backward, p_size) c;
  return query
  with reached as materialized (
    select 'user' as kind, u.id, g.* from unnest(v_people) u(id)
     -- Offset: as it stands and for one person at a time. Joined, the planner would read the roles' bindings instead.
     cross join lateral (select * from effective_grants(p_tenant, 'user', u.id, p_at, p_mfa_at, p_ip) offset 0) g
     where (p_roles is null or g.role_id = any (p_roles)) and not (p_console and g.source = 'plan')
    union all
    select 'service_account', a.id, g.* from unnest(v_accounts) a(id)
     cross join lateral (
       select * from effective_grants(p_tenant, 'service_account', a.id, p_at, p_mfa_at, p_ip) offset 0) g
     where p_account_roles is null or g.role_id = any (p_account_roles)
  ), here as (
    select r.* from reached r
     where (p_anywhere or r.application_id is null or r.application_id = p_application)
       and (p_group is null or r.source = 'group' and r.source_id = p_group)
       and (p_source is null or r.source = p_source)
       and r.state not in ('ended', 'expired')
  ), stands as (
    select 'user' as kind, u.id, p.display_name::text as name, p.email::text as email, m.status::text as member_status,
           e.status::text as end_user_status,
           case when not tenant_open_at(t, p_at) then 'tenant_closed'
                when p_console and m.status is distinct from 'active' then
                  case when m.status = 'suspended' then 'membership_suspended' else 'not_a_member' end
                when p_console then ''
                when m.status = 'suspended' then 'membership_suspended'
                when e.status = 'suspended' then 'end_user_suspended'
                when m.status is distinct from 'active' and e.status is null then 'no_membership'
                else '' end as reason
      from unnest(v_people) u(id)
      join tenants_tenant t on t.id = p_tenant
      left join tenants_profile p on p.tenant_id = p_tenant and p.user_id = u.id
      -- As subjects() has it: the first change after a moment says what was before.
      left join tenants_membership w on w.tenant_id = p_tenant and w.user_id = u.id
      left join lateral (
        select coalesce(c.status, w.status) as status
          from (select) one left join lateral standing_before_next_change(p_tenant, u.id, 'member', p_at) c on true
         where w.id is not null and case when c.status is null then w.joined_at <= p_at else c.status <> '' end
      ) m on true
      left join endusers_enduser x on x.tenant_id = p_tenant and x.user_id = u.id
      left join lateral (
        select coalesce(c.status, x.status) as status
          from (select) one left join lateral standing_before_next_change(p_tenant, u.id, 'end_user', p_at) c on true
         where x.created_at <= p_at and c.status is distinct from ''
      ) e on true
    union all
    select 'service_account', a.id, a.name::text, null, null, null,
           case when not tenant_open_at(t, p_at) then 'tenant_closed' when a.ended_at <= p_at then 'service_account_ended'
                when a.created_at > p_at then 'service_account_not_made_yet' else '' end
      from unnest(v_accounts) v(id) join authz_serviceaccount a on a.tenant_id = p_tenant and a.id = v.id
      join tenants_tenant t on t.id = p_tenant
  ), best as (
    select h.kind, h.id, (array_agg(h.state order by array_position(
             array['active', 'pending_step_up', 'missing_context', 'outside_ip', 'not_yet'], h.state)))[1] as met
      from here h group by h.kind, h.id
  )
  select s.kind, s.id,
         case when b.met is null then null
              when s.reason <> '' or not p_enabled then 'suspended'
              when b.met = 'not_yet' then b.met
              when not p_supported then 'unsupported'
              when not p_verified and s.kind = 'user' and s.member_status is distinct from 'active'
               and b.met in ('active', 'pending_step_up') then 'unverified'
              else b.met end,
         case when s.reason = '' and not p_enabled then 'application_disabled' else s.reason end,
         coalesce(nullif(s.name, ''), s.email, s.id::text), s.email, s.member_status, s.end_user_status,
         h.binding_id, h.role_id, h.application_id, h.source, h.source_id, h.state, h.terms_id
    from stands s
    left join best b on b.kind = s.kind and b.id = s.id
    left join here h on h.kind = s.kind and h.id = s.id
   order by s.id, h.source, h.binding_id, h.source_id;
end $$;
