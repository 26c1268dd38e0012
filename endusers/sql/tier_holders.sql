-- How many hold each of these tiers: counted up to p_cap, estimated beyond it. A definer function, because a policy beside the
-- filter would make the planner think that fewer match. A tier is of one tenant, so its id alone is asked about.
drop function if exists tier_holders(integer);
create or replace function tier_holders(p_cap integer, p_tiers uuid[]) returns table(tier uuid, total bigint, is_estimate boolean)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_tenant uuid := nullif(current_setting('authsec.tenant', true), '')::uuid;
  v_plan json;
begin
  for tier in select t.id from endusers_plantier t where t.tenant_id = v_tenant and t.id = any(p_tiers) loop
    select count(*) into total from (
      select from endusers_enduser e where e.tenant_id = v_tenant and e.plan_tier_id = tier limit p_cap + 1) capped;
    is_estimate := total > p_cap;
    if is_estimate then
      execute format('explain (format json) select from endusers_enduser e where e.plan_tier_id = %L', tier)
        into v_plan;
      total := greatest(total, (v_plan #>> '{0,Plan,Plan Rows}')::bigint);
    end if;
    return next;
  end loop;
end $$;
