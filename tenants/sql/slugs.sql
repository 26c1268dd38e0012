-- A slug in use or left behind belongs to one tenant for good: whatever opens or renames a tenant claims it here.
create or replace function claim_slug() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into tenants_slughistory (id, tenant_id, slug, claimed_at)
  values (gen_random_uuid(), new.id, new.slug, now()) on conflict (slug) do nothing;
  if not exists (select from tenants_slughistory h where h.slug = new.slug and h.tenant_id = new.id) then
    raise exception 'the slug belongs to another tenant' using errcode = 'unique_violation', constraint = 'tenants_slughistory_slug_key';
  end if;
  return null;
end $$;

-- The present slug of the tenant that once had this one. Null for whoever is no member of it, as if it never was.
create or replace function slug_now(p_identity uuid, p_slug text) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (
    select t.slug::text
      from tenants_slughistory h
      join users u on u.tenant_id = h.tenant_id and u.identity_id = p_identity
      join tenants_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id and m.status <> 'invited'
      join tenants_tenant t on t.id = h.tenant_id
     where h.slug = p_slug);
end $$;

-- When an identity opened tenants since a moment, oldest first: what the limit on opening counts.
create or replace function openings_of(p_identity uuid, p_since timestamptz) returns setof timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select t.created_at
      from users u
      join tenants_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id and m.source = 'signup'
      join tenants_tenant t on t.id = u.tenant_id
     where u.identity_id = p_identity and t.created_at > p_since
     order by t.created_at;
end $$;
