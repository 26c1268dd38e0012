-- One person across tenants, keyed by the identity of the session: the only way a request reads more than one tenant.

create or replace function memberships_of(p_identity uuid) returns table(
  tenant_id uuid, slug text, name text, plan text, tenant_status text, personal boolean,
  user_id uuid, type text, status text, joined_at timestamptz, suspended_reason text, last_seen_at timestamptz, closed_at timestamptz,
  second_factor_due timestamptz
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select t.id, t.slug::text, t.name::text, t.plan::text, t.status::text, t.personal,
           u.id, m.type::text, m.status::text, m.joined_at, m.suspended_reason::text,
           m.last_seen_at, t.closed_at,
           case when t.second_factor_since is not null and not has_second_factor(p_identity)
                then greatest(t.second_factor_since, m.joined_at) + make_interval(days => t.second_factor_grace_days) end
      from users u
      join tenants_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id
      join tenants_tenant t on t.id = u.tenant_id
     where u.identity_id = p_identity
     order by t.name, t.id;
end $$;
