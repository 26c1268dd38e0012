-- Whom a person means who types an id, an address or a part of a name: people and service accounts of the tenant in
-- force, with the facts of Rule 3. A definer function, because a trigram index cannot be used under row-level
-- security (ILIKE is not leakproof); the tenant is never an argument.
--
-- p_find: 'id' (p_text is a users.id or a service account's id), 'email' (the whole address), 'text' (a pattern).
create or replace function subjects(p_find text, p_text text, p_limit integer) returns table(
  kind text, id uuid, name text, email text, tenant_open boolean,
  member_type text, member_status text, member_reason text, joined_at timestamptz,
  end_user_status text, end_user_reason text, first_consent_at timestamptz, plan_tier text, ended_at timestamptz
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
            t.status = ''open'', m.type::text, m.status::text, m.suspended_reason::text, m.joined_at,
            e.status::text, e.suspended_reason::text, e.first_consent_at, i.name::text, null::timestamptz
       from (%s) found(id)
       join users u on u.tenant_id = $1 and u.id = found.id
       join tenants_tenant t on t.id = $1
       left join tenants_profile p on p.tenant_id = $1 and p.user_id = u.id
       left join tenants_membership m on m.tenant_id = $1 and m.user_id = u.id
       left join endusers_enduser e on e.tenant_id = $1 and e.user_id = u.id
       left join endusers_plantier i on i.tenant_id = $1 and i.id = e.plan_tier_id
     union all
     (select ''service_account'', a.id, a.name::text, null, t.status = ''open'', null, null, null, a.created_at,
             null, null, null, null, a.ended_at
        from authz_serviceaccount a join tenants_tenant t on t.id = $1
       where a.tenant_id = $1 and %s
       order by a.name, a.id limit $3)
     order by 3, 2 limit $3', v_people, v_accounts)
    using v_tenant, p_text, p_limit;
end $$;
