-- Whoever changes memberships waits for its turn on the tenant's row before it locks any of them, as the verbs do: with
-- one first lock there is no circle to wait in. A session that works in no tenant takes its turn in keep_an_owner().
create or replace function take_turns() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from tenants_tenant t
    where t.id = nullif(current_setting('authsec.tenant', true), '')::uuid for no key update;
  return null;
end $$;
