-- Where a person is an end user, keyed by the identity of the session. Their own status and nothing that operators wrote.
create or replace function consumerships_of(p_identity uuid) returns table(
  tenant_id uuid, slug text, name text, tenant_status text, user_id uuid, status text, plan_tier text,
  first_consent_at timestamptz, last_seen_at timestamptz
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select t.id, t.slug::text, t.name::text, t.status::text, u.id, e.status::text, p.name::text,
           e.first_consent_at, e.last_seen_at
      from users u
      join endusers_enduser e on e.tenant_id = u.tenant_id and e.user_id = u.id
      join endusers_plantier p on p.tenant_id = e.tenant_id and p.id = e.plan_tier_id
      join tenants_tenant t on t.id = u.tenant_id
     where u.identity_id = p_identity
     order by t.name, t.id;
end $$;
