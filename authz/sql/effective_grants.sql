-- The one function: every binding that reaches a subject, where it comes from, and its state at a moment.
-- Page, API, consent, issue, refresh and introspection ask it; nothing else judges a condition.
--
-- p_kind: 'user' (a users.id), 'service_account', or 'stranger': a person without membership and end-user row, whose
-- users.id may be NULL; the default tier counts for them. 'alone' is a user of whom the caller knows that no row puts
-- them into a group or lets them operate a service account, asked about the present: the same answer as 'user' from a
-- plan of half as many tables, each of which costs an introspection as much to open as to read.
--
-- LANGUAGE sql STABLE, neither SECURITY DEFINER nor STRICT: so the planner inlines it into its caller and prunes
-- the branches of the other subject kind. Each UNION ALL branch is one index scan that the tenant leads.

-- Stable, as subtracting an interval is: what claims to be immutable and is not, the planner calls row by row instead
-- of inlining it (1.4 ms more for 300 bindings).
create or replace function binding_state(
  b authz_binding, p_at timestamptz, p_mfa_at timestamptz, p_ip inet
) returns text language sql stable parallel safe as $$
  select case
    when b.ended_at <= p_at then 'ended'
    when b.expires_at <= p_at then 'expired'
    when b.not_before > p_at then 'not_yet'
    when b.ip_ranges is not null and p_ip is not null and not (p_ip <<= any (b.ip_ranges)) then 'outside_ip'
    when b.requires_mfa and (p_mfa_at is null or p_mfa_at < p_at - b.mfa_max_age) then 'pending_step_up'
    when b.ip_ranges is not null and p_ip is null then 'missing_context'
    else 'active' end
$$;

-- Whether a row's terms are those of its binding at a moment. A change of terms leaves a closed copy of the old ones,
-- which is no binding of its own: it answers for the time in which they stood, and is silent about every other.
create or replace function in_force(b authz_binding, p_at timestamptz)
returns boolean language sql immutable parallel safe as $$
  select coalesce(b.since, b.created_at) <= p_at and (b.superseded_by_id is null or b.ended_at > p_at)
$$;

-- binding_id: the binding, whose id outlives its terms; terms_id: the row with the terms as they stood at p_at.
drop function if exists effective_grants(uuid, text, uuid, timestamptz, timestamptz, inet);
create function effective_grants(
  p_tenant uuid, p_kind text, p_subject uuid, p_at timestamptz, p_mfa_at timestamptz, p_ip inet
) returns table(
  binding_id uuid, role_id uuid, application_id uuid, source text, source_id uuid, state text, terms_id uuid
) language sql stable parallel safe as $$
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'direct', p_subject,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from authz_binding b
   where p_kind in ('user', 'alone', 'stranger') and b.tenant_id = p_tenant and b.user_id = p_subject
     and in_force(b, p_at)
  union all
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'direct', p_subject,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from authz_binding b
   where p_kind = 'service_account' and b.tenant_id = p_tenant and b.service_account_id = p_subject
     and in_force(b, p_at)
  union all
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'group', m.group_id,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from authz_groupmember m
    join authz_group g on g.tenant_id = p_tenant and g.id = m.group_id
     and g.created_at <= p_at and (g.ended_at is null or g.ended_at > p_at)
    join authz_binding b on b.tenant_id = p_tenant and b.group_id = m.group_id and in_force(b, p_at)
   where p_kind in ('user', 'stranger') and m.tenant_id = p_tenant and m.user_id = p_subject
     and m.added_at <= p_at and (m.ended_at is null or m.ended_at > p_at)
  union all
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'service-account', o.service_account_id,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from authz_serviceaccountoperator o
    join authz_serviceaccount s on s.tenant_id = p_tenant and s.id = o.service_account_id
     and s.created_at <= p_at and (s.ended_at is null or s.ended_at > p_at)
    join authz_binding b on b.tenant_id = p_tenant and b.service_account_id = o.service_account_id
     and in_force(b, p_at)
   where p_kind in ('user', 'stranger') and o.tenant_id = p_tenant and o.user_id = p_subject
     and o.added_at <= p_at and (o.ended_at is null or o.ended_at > p_at)
  union all
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'plan', b.plan_tier_id,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from endusers_enduser e
   cross join lateral (
     -- The present, which every call of every tool asks about, needs no look into the history: the tier that was
     -- held at a moment is the first one given up after it, or the one that is held. Offset: worked out beforehand,
     -- because an index of the bindings is looked into for a value alone, never for a question.
     select case
         when p_kind = 'alone' or p_at >= statement_timestamp() then e.plan_tier_id
         when e.created_at <= p_at then coalesce((
           select h.plan_tier_id from endusers_endusertier h
            where h.tenant_id = p_tenant and h.user_id = p_subject and h.to_at > p_at
            order by h.to_at, h.from_at, h.id limit 1), e.plan_tier_id) end as tier offset 0) held
    join authz_binding b on b.tenant_id = p_tenant and b.plan_tier_id = held.tier and in_force(b, p_at)
   where p_kind in ('user', 'alone') and e.tenant_id = p_tenant and e.user_id = p_subject
  union all
  -- Whom the tenant does not know yet: the default tier counts already at the authorize page (Rule 3).
  select coalesce(b.superseded_by_id, b.id), b.role_id, b.application_id, 'plan', t.id,
         binding_state(b, p_at, p_mfa_at, p_ip), b.id
    from endusers_plantier t
    join authz_binding b on b.tenant_id = p_tenant and b.plan_tier_id = t.id and in_force(b, p_at)
   where p_kind = 'stranger' and t.tenant_id = p_tenant and t.is_default
$$;

-- Both below read the grants first, as a whole: with the statistics of a young tenant the planner would otherwise run
-- the function once for each role or binding (20 to 40 times slower, measured with 300 bindings).

-- What the live bindings give on one Application: each scope that a role names, with the best state that reaches it.
-- 'supported' says whether the Application has the scope at that moment.
create or replace function effective_scopes(
  p_tenant uuid, p_kind text, p_subject uuid, p_application uuid,
  p_at timestamptz, p_mfa_at timestamptz, p_ip inet
) returns table(scope text, active boolean, pending boolean, supported boolean)
language sql stable parallel safe as $$
  with g as materialized (
    select role_id, application_id, state from effective_grants(p_tenant, p_kind, p_subject, p_at, p_mfa_at, p_ip)
  )
  select r.name, bool_or(g.state = 'active'), bool_or(g.state = 'pending_step_up'), s.name is not null
    from g
    join authz_role o on o.tenant_id = p_tenant and o.id = g.role_id and (o.ended_at is null or o.ended_at > p_at)
    join authz_rolescope r on r.tenant_id = p_tenant and r.role_id = g.role_id and r.kind = 'scope'
     and r.added_at <= p_at and (r.ended_at is null or r.ended_at > p_at)
    left join authz_scope s on s.tenant_id = p_tenant and s.application_id = p_application and s.name = r.name
     and s.created_at <= p_at and (s.ended_at is null or s.ended_at > p_at)
   where g.state in ('active', 'pending_step_up')
     and (g.application_id is null or g.application_id = p_application)
   group by r.name, s.name
$$;

-- Roles that touch the console, one row for each live binding that gives one: tenant-wide (application NULL) or for one
-- Application. What a role's tenant groups and a system role give is the policies' word (authz/cedar), so both are only
-- named here; system roles have no rows of their own. Never through a plan tier: a consumer may buy one, and nobody
-- answers for what it gives.
-- In plpgsql, which keeps its plan: every page and every critical request of the API asks this, and planning it
-- takes longer than answering it.
drop function if exists effective_console(uuid, text, uuid, timestamptz, timestamptz, inet);
create function effective_console(
  p_tenant uuid, p_kind text, p_subject uuid, p_at timestamptz, p_mfa_at timestamptz, p_ip inet
) returns table(
  role_id uuid, role_name text, system_key text, application_id uuid, binding_id uuid,
  tenant_groups text[], permissions text[]
) language plpgsql stable parallel safe as $$
#variable_conflict use_column
begin
  return query with g as materialized (
    select * from effective_grants(p_tenant, p_kind, p_subject, p_at, p_mfa_at, p_ip)
  )
  select o.id, o.name::text, o.system_key::text, g.application_id, g.binding_id,
         coalesce(r.tenant_groups, '{}'), coalesce(r.permissions, '{}')
    from g
    join authz_role o on o.tenant_id = p_tenant and o.id = g.role_id and (o.ended_at is null or o.ended_at > p_at)
   cross join lateral (
      select array_agg(x.name::text) filter (where x.kind = 'group') as tenant_groups,
             array_agg(x.name::text) filter (where x.kind = 'console') as permissions
        from authz_rolescope x
       where o.system_key = '' and x.tenant_id = p_tenant and x.role_id = g.role_id and x.kind in ('console', 'group')
         and x.added_at <= p_at and (x.ended_at is null or x.ended_at > p_at)) r
   where g.state = 'active' and g.source <> 'plan'
     and (o.system_key <> '' or r.tenant_groups is not null or r.permissions is not null);
end $$;
