-- What one person leaves behind when their identity is deleted, tenant by tenant: keyed by the identity of the session.
-- In the order of tenants' ids, in which they are locked. Counts of others stop at a thousand: whether there are any is
-- what decides.
create or replace function departure_of(p_identity uuid, p_at timestamptz) returns table(
  tenant_id uuid, slug text, name text, tenant_status text, user_id uuid, type text, status text, end_user_status text,
  other_members bigint, other_owners bigint, other_end_users bigint, connections bigint, tokens bigint
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select t.id, t.slug::text, t.name::text, t.status::text, u.id, m.type::text, m.status::text, e.status::text,
           (select count(*) from (select from tenants_membership o where o.tenant_id = t.id and o.user_id <> u.id
                                     and o.status in ('active', 'suspended') limit 1000) few),
           (select count(*) from tenants_membership o
             where o.tenant_id = t.id and o.user_id <> u.id and o.type = 'owner' and o.status = 'active'),
           (select count(*) from (select from endusers_enduser o
                                   where o.tenant_id = t.id and o.user_id <> u.id limit 1000) few),
           (select count(*) from oauth_consent c
             where c.tenant_id = t.id and c.user_id = u.id and c.withdrawn_at is null),
           (select count(*) from oauth_accesstoken k
             where k.tenant_id = t.id and k.subject = u.id and k.expires > p_at)
         + (select count(*) from oauth_refreshtoken r
             where r.tenant_id = t.id and r.subject = u.id and r.revoked is null and r.expires > p_at)
      from users u
      join tenants_tenant t on t.id = u.tenant_id
      left join tenants_membership m on m.tenant_id = t.id and m.user_id = u.id
      left join endusers_enduser e on e.tenant_id = t.id and e.user_id = u.id
     where u.identity_id = p_identity
     order by t.id;
end $$;
