-- Rule 6 in the database: whatever writes a membership, its tenant keeps an active owner. The tenant's row is locked
-- before the look, so that two demotions at once cannot each count on the other's owner.
create or replace function keep_an_owner() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if old.type = 'owner' and old.status = 'active'
     and (tg_op = 'DELETE' or new.type <> 'owner' or new.status <> 'active') then
    perform from tenants_tenant t where t.id = old.tenant_id for no key update;
    if not exists (
      select from tenants_membership m
       where m.tenant_id = old.tenant_id and m.type = 'owner' and m.status = 'active'
    ) then
      raise exception 'a tenant keeps its last active owner' using errcode = 'check_violation', constraint = 'tenants_membership_last_owner';
    end if;
  end if;
  return null;
end $$;
