-- Clients that were shut out: see tenants/sql/changes.sql.

create or replace function announce_client() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'client ' || old.client_id);
  return null;
end $$;

create or replace function announce_denial() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'client ' || c.client_id) from oauth_client c where c.id = new.client_id;
  return null;
end $$;
