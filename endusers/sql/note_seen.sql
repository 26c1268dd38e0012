-- When people were seen last, as a process gathered it: one write for a person in five minutes, of all processes. A row
-- that somebody holds is passed over, so that nobody waits for this and this for nobody; those people are returned.

create or replace function note_seen(p_tenants uuid[], p_people uuid[], p_lasts timestamptz[])
returns table(tenant uuid, person uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
  with wanted as materialized (
    select e.user_id, e.tenant_id, n.last
      from unnest(p_tenants, p_people, p_lasts) as n(tenant, person, last)
      join endusers_enduser e on e.tenant_id = n.tenant and e.user_id = n.person
     where e.last_seen_at is null or e.last_seen_at < n.last - interval '5 minutes'
  ), free as materialized (
    select e.user_id
      from endusers_enduser e
     where e.user_id in (select w.user_id from wanted w)
       for no key update skip locked
  ), noted as (
    update endusers_enduser e
       set last_seen_at = greatest(e.last_seen_at, w.last)
      from wanted w join free f on f.user_id = w.user_id
     where e.user_id = w.user_id
  )
  select w.tenant_id, w.user_id from wanted w where w.user_id not in (select f.user_id from free f);
end $$;
