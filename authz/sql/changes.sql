-- Losses of console power through bindings, groups, roles and service accounts: see tenants/sql/changes.sql.
-- Only what touches power in the console: scopes are read live at introspection. Bindings to plan tiers are left out:
-- they give none. What was closed before it is deleted (retention) is no loss any more.

create or replace function gives_console(p_tenant uuid, p_role uuid) returns boolean language sql stable as $$
  select exists (select from authz_role o
                  where o.tenant_id = p_tenant and o.id = p_role and o.system_key <> '')
      or exists (select from authz_rolescope r
                  where r.tenant_id = p_tenant and r.role_id = p_role and r.kind <> 'scope')
$$;

create or replace function announce_bindings() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  lost record;
  losses cursor for
    select o.tenant_id as tenant, array_agg(distinct o.user_id) filter (where o.user_id is not null) as people,
           bool_or(o.group_id is not null or o.service_account_id is not null) as beyond
      from before o left join after n on n.id = o.id
     where row(n.*) is distinct from row(o.*) and gives_console(o.tenant_id, o.role_id)
     group by o.tenant_id;
begin
  for lost in losses loop
    if lost.beyond then
      perform pg_notify('authsec_changes', 'tenant ' || lost.tenant);
    else
      perform announce_people(lost.tenant, lost.people);
    end if;
  end loop;
  return null;
end $$;

create or replace function announce_deleted_bindings() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'tenant ' || o.tenant_id)
     from before o where o.ended_at is null and gives_console(o.tenant_id, o.role_id)
    group by o.tenant_id;
  return null;
end $$;

create or replace function announce_group_members() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform announce_people(o.tenant_id, array_agg(distinct o.user_id)) from before o
    where o.ended_at is null
      and exists (select from authz_binding b
                   where b.tenant_id = o.tenant_id and b.group_id = o.group_id
                     and gives_console(b.tenant_id, b.role_id))
    group by o.tenant_id;
  return null;
end $$;

create or replace function announce_operators() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform announce_people(o.tenant_id, array_agg(distinct o.user_id)) from before o
    where o.ended_at is null
      and exists (select from authz_binding b
                   where b.tenant_id = o.tenant_id and b.service_account_id = o.service_account_id
                     and gives_console(b.tenant_id, b.role_id))
    group by o.tenant_id;
  return null;
end $$;

create or replace function announce_group() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from authz_binding b where b.tenant_id = old.tenant_id and b.group_id = old.id
                and gives_console(b.tenant_id, b.role_id)) then
    perform pg_notify('authsec_changes', 'tenant ' || old.tenant_id);
  end if;
  return null;
end $$;

create or replace function announce_service_account() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform announce_people(old.tenant_id, array_agg(one)) from (
    select old.id union
    select p.user_id from authz_serviceaccountoperator p
     where p.tenant_id = old.tenant_id and p.service_account_id = old.id
  ) concerned(one);
  return null;
end $$;

create or replace function announce_role() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if gives_console(old.tenant_id, old.id) then
    perform pg_notify('authsec_changes', 'tenant ' || old.tenant_id);
  end if;
  return null;
end $$;

create or replace function announce_role_scopes() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'tenant ' || o.tenant_id)
     from before o where o.ended_at is null and o.kind <> 'scope' group by o.tenant_id;
  return null;
end $$;
