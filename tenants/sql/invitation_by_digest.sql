-- Whoever holds an invitation's link knows neither tenant nor id: the digest of its token leads there, and to no more.
create or replace function invitation_by_digest(p_digest text) returns table(tenant_id uuid, invitation_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query select i.tenant_id, i.id from tenants_invitation i where i.token_digest = p_digest;
end $$;
