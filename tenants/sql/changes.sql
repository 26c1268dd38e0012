-- What every serving process must hear at once, because a signed claim may still say otherwise (Rule 10): tell the
-- channel authsec_changes who lost something. A payload names whom it concerns, never what it is:
-- 'tenant <id>', 'user <tenant id> <users.id or service account id>', 'identity <id>', 'client <client_id>'.
--
-- Only losses: a claim that holds too little asks the database anyway. Notifications reach the processes when the
-- change commits; a change that is rolled back is never heard of. Definer functions, because who changes one table
-- may not see all the others.

create or replace function announce_people(p_tenant uuid, p_people uuid[]) returns void
language plpgsql volatile as $$
begin
  if cardinality(p_people) > 50 then
    perform pg_notify('authsec_changes', 'tenant ' || p_tenant);
  else
    perform pg_notify('authsec_changes', 'user ' || p_tenant || ' ' || one) from unnest(p_people) one;
  end if;
end $$;

create or replace function announce_tenant() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'tenant ' || old.id);
  return null;
end $$;

create or replace function announce_identity() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'identity ' || old.id);
  return null;
end $$;

create or replace function announce_memberships() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    perform announce_people(o.tenant_id, array_agg(o.user_id)) from before o group by o.tenant_id;
  else
    perform announce_people(o.tenant_id, array_agg(o.user_id))
       from before o left join after n on n.id = o.id
      where (n.tenant_id, n.user_id, n.status, n.type) is distinct from (o.tenant_id, o.user_id, o.status, o.type)
      group by o.tenant_id;
  end if;
  return null;
end $$;
