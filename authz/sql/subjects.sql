-- Whom a person means who types an id, an address or a part of a name: people and service accounts of the tenant in
-- force, with the facts of Rule 3 as they were at a moment; names, addresses and the tenant's plan are today's. A definer
-- function, because a trigram index cannot be used under row-level security (ILIKE is not leakproof); the tenant is
-- never an argument.
--
-- p_find: 'id' (p_text is a users.id or a service account's id), 'email' (the whole address), 'text' (a pattern).

-- What a person was in one capacity before the first change after a moment; no row: nothing changed since.
create or replace function standing_before_next_change(p_tenant uuid, p_user uuid, p_capacity text, p_at timestamptz)
returns table(status text, type text, changed_at timestamptz) language sql stable as $$
  select c.from_status, c.from_type, c.at from endusers_standingchange c
   where c.tenant_id = p_tenant and c.user_id = p_user and c.capacity = p_capacity and c.at > p_at
   order by c.at, c.id limit 1
$$;

-- Why somebody was suspended at a moment: the last change until then says it.
create or replace function suspension_reason(p_tenant uuid, p_user uuid, p_capacity text, p_at timestamptz)
returns text language sql stable as $$
  select c.reason from endusers_standingchange c
   where c.tenant_id = p_tenant and c.user_id = p_user and c.capacity = p_capacity and c.at <= p_at
     and c.to_status = 'suspended' and c.from_status <> 'suspended'
   order by c.at desc, c.id desc limit 1
$$;

create or replace function tenant_open_at(t tenants_tenant, p_at timestamptz) returns boolean language sql stable as $$
  select not (t.status = 'closed' and (t.closed_at is null or t.closed_at <= p_at))
     and not exists (select from tenants_tenantclosure c
                      where c.tenant_id = t.id and c.reopened_at > p_at and c.closed_at <= p_at)
$$;

drop function if exists subjects(text, text, integer);
create or replace function subjects(p_find text, p_text text, p_limit integer, p_at timestamptz) returns table(
  kind text, id uuid, name text, email text, tenant_open boolean,
  member_type text, member_status text, member_reason text, since timestamptz,
  end_user_status text, end_user_reason text, first_consent_at timestamptz, plan_tier text, ended_at timestamptz,
  appears_at timestamptz, at timestamptz
) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_people text := case p_find
    when 'id' then 'select u.id from users u where u.tenant_id = $1 and u.id = $2::uuid'
    when 'email' then 'select p.user_id from tenants_profile p where p.tenant_id = $1 and p.email = $2'
    else 'select p.user_id from tenants_profile p where p.tenant_id = $1 and (p.email ilike $2 or p.display_name ilike $2)'
      || ' order by p.display_name, p.user_id limit $3' end;
  v_accounts text := case p_find
    when 'id' then 'a.id = $2::uuid' when 'email' then 'a.name = $2' else 'a.name ilike $2' end;
begin
  return query execute format(
    'select ''user'', u.id, coalesce(nullif(p.display_name, ''''), p.email, u.id::text)::text, p.email::text,
            tenant_open_at(t, $4), m.type, m.status,
            case when m.status = ''suspended'' then coalesce(suspension_reason($1, u.id, ''member'', $4), m.reason) end,
            m.since, e.status,
            case when e.status = ''suspended'' then coalesce(suspension_reason($1, u.id, ''end_user'', $4), e.reason) end,
            e.first_consent_at, i.name::text, null::timestamptz,
            case when m.status is null and e.status is null then least(w.joined_at, x.created_at) end, $4
       from (%s) found(id)
       join users u on u.tenant_id = $1 and u.id = found.id
       join tenants_tenant t on t.id = $1
       left join tenants_profile p on p.tenant_id = $1 and p.user_id = u.id
       left join tenants_membership w on w.tenant_id = $1 and w.user_id = u.id
       left join lateral (
         select coalesce(c.status, w.status)::text as status, coalesce(nullif(c.type, ''''), w.type)::text as type,
                w.suspended_reason::text as reason, case when w.joined_at <= $4 then w.joined_at end as since
           from (select) one
           left join lateral standing_before_next_change($1, u.id, ''member'', $4) c on true
          where w.id is not null and case when c.status is null then w.joined_at <= $4 else c.status <> '''' end) m on true
       left join endusers_enduser x on x.tenant_id = $1 and x.user_id = u.id
       left join lateral (
         select coalesce(c.status, x.status)::text as status, x.suspended_reason::text as reason, coalesce((
                  select h.plan_tier_id from endusers_endusertier h
                   where h.tenant_id = $1 and h.user_id = u.id and h.to_at > $4
                   order by h.to_at, h.from_at, h.id limit 1), x.plan_tier_id) as tier,
                case when x.first_consent_at <= $4 then x.first_consent_at end as first_consent_at
           from (select) one
           left join lateral standing_before_next_change($1, u.id, ''end_user'', $4) c on true
          where x.created_at <= $4 and c.status is distinct from '''') e on true
       left join endusers_plantier i on i.tenant_id = $1 and i.id = e.tier
     union all
     (select ''service_account'', a.id, a.name::text, null, tenant_open_at(t, $4), null, null, null, a.created_at,
             null, null, null, null, a.ended_at, case when a.created_at > $4 then a.created_at end, $4
        from authz_serviceaccount a join tenants_tenant t on t.id = $1
       where a.tenant_id = $1 and %s
       order by a.name, a.id limit $3)
     order by 3, 2 limit $3', v_people, v_accounts)
    using v_tenant, p_text, p_limit, p_at;
end $$;
