-- Profiles follow their identity. Keyed by the identity alone, because it writes in every tenant of that person;
-- what it writes is read here, so that no caller can put words into another tenant's rows.
create or replace function refresh_profiles(p_identity uuid) returns integer
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  touched integer;
begin
  update tenants_profile p
     set email = i.email, display_name = i.name, updated_at = now()
    from users u join tenants_identity i on i.id = u.identity_id
   where u.identity_id = p_identity and p.tenant_id = u.tenant_id and p.user_id = u.id
     and (p.email, p.display_name) is distinct from (i.email, i.name);
  get diagnostics touched = row_count;
  return touched;
end $$;
