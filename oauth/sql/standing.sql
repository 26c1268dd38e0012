-- May this subject hold any access at all right now? (Rule 3.) One answer for consent, issue, refresh and
-- introspection: '' for yes, else the first reason. 'unknown' means: neither an active membership nor an end-user row,
-- which the authorize page alone may let pass.
--
-- None of these functions is a definer: called in a request they see the request's tenant, called by introspect() all
-- rows. plpgsql where tables are read, so that the plans are kept: planning them costs many times their execution.

-- The rule itself, over facts; standing() and introspect() each read them in one statement of their own.
create or replace function standing_word(
  p_kind text, p_tenant_open boolean, p_application_enabled boolean, p_client_admitted boolean, p_account_live boolean,
  p_membership text, p_end_user text, p_consented boolean
) returns text language sql immutable parallel safe as $$
  select case
    when p_tenant_open is not true then 'tenant_closed'
    when p_application_enabled is not true then 'application_disabled'
    when p_client_admitted is not true then 'client_denied'
    when p_kind = 'service_account' then case when p_account_live then '' else 'account_ended' end
    when p_membership = 'suspended' or p_end_user = 'suspended' then 'suspended'
    when p_membership is distinct from 'active' and p_end_user is null then 'unknown'
    when p_consented is not true then 'consent_withdrawn'
    else '' end
$$;

-- What the tenant's limits leave a client of one Application: null for no limit, {""} for the whole of it, else scopes;
-- {} for nothing. One look at the tenant's word, and a second only where it limits.
create or replace function client_reach(p_tenant uuid, p_client uuid, p_application uuid) returns text[]
language plpgsql stable as $$
begin
  return (select array(select l.scope::text from oauth_clientlimit l
                        where l.tenant_id = p_tenant and l.client_id = p_client and l.application_id = p_application
                          and l.ended_at is null)
            from oauth_clientapproval v
           where v.tenant_id = p_tenant and v.client_id = p_client and v.limited_at is not null);
end $$;

-- Whether a reach holds a scope.
create or replace function reaches(p_reach text[], p_scope text) returns boolean
language sql immutable parallel safe as $$
  select p_reach is null or p_scope = any (p_reach) or '' = any (p_reach)
$$;

create or replace function standing(
  p_tenant uuid, p_kind text, p_subject uuid, p_application uuid, p_client uuid, p_consented boolean
) returns text language plpgsql stable as $$
declare
  v_word text;
begin
  v_word := (select standing_word(
      p_kind,
      (select t.status = 'open' from tenants_tenant t where t.id = p_tenant),
      (select a.status = 'enabled' and a.ended_at is null from authz_application a
        where a.tenant_id = p_tenant and a.id = p_application),
      (select c.disabled_at is null from oauth_client c where c.id = p_client)
        and not exists (select from oauth_clientapproval v where v.tenant_id = p_tenant and v.client_id = p_client
                           and v.status = 'denied'),
      (select s.ended_at is null from authz_serviceaccount s where s.tenant_id = p_tenant and s.id = p_subject),
      (select m.status from tenants_membership m where m.tenant_id = p_tenant and m.user_id = p_subject),
      (select e.status from endusers_enduser e where e.tenant_id = p_tenant and e.user_id = p_subject),
      not p_consented or exists (
        select from oauth_consent n where n.tenant_id = p_tenant and n.user_id = p_subject and n.client_id = p_client
           and n.application_id = p_application and n.withdrawn_at is null)));
  if v_word in ('', 'unknown') and client_reach(p_tenant, p_client, p_application) = '{}' then
    return 'client_limited';
  end if;
  return v_word;
end $$;

-- The terms of granted = entitled ∩ supported ∩ requested, for one subject, Application and client: standing, what
-- reaches the subject (scope → its best state, or client_limited where the tenant keeps it from this client), what the
-- Application supports and gives by default, and whether the subject is an active member or has an end-user row.
create or replace function issue_terms(
  p_tenant uuid, p_kind text, p_subject uuid, p_application uuid, p_client uuid, p_consented boolean,
  p_at timestamptz, p_mfa_at timestamptz, p_ip inet
) returns table(standing text, states jsonb, supported text[], defaults text[], member boolean, end_user boolean)
language plpgsql stable as $$
declare
  v_standing text := standing(p_tenant, p_kind, p_subject, p_application, p_client, p_consented);
  v_kind text := case when v_standing = 'unknown' then 'stranger' else p_kind end;
  v_reach text[] := client_reach(p_tenant, p_client, p_application);
begin
  return query select
    v_standing,
    case when v_standing in ('', 'unknown') then coalesce((
      select jsonb_object_agg(
               found.name, case when reaches(v_reach, found.name) then found.state else 'client_limited' end) from (
        select distinct on (r.name) r.name, g.state
          from effective_grants(p_tenant, v_kind, p_subject, p_at, p_mfa_at, p_ip) g
          join authz_role o on o.tenant_id = p_tenant and o.id = g.role_id and (o.ended_at is null or o.ended_at > p_at)
          join authz_rolescope r on r.tenant_id = p_tenant and r.role_id = g.role_id and r.kind = 'scope'
           and r.added_at <= p_at and (r.ended_at is null or r.ended_at > p_at)
         where g.application_id is null or g.application_id = p_application
         order by r.name, array_position(
           array['active', 'pending_step_up', 'missing_context', 'outside_ip', 'not_yet', 'expired', 'ended'], g.state)
      ) found), '{}'::jsonb) else '{}'::jsonb end,
    array(select s.name::text from authz_scope s where s.tenant_id = p_tenant and s.application_id = p_application
             and s.created_at <= p_at and (s.ended_at is null or s.ended_at > p_at) order by s.name),
    array(select s.name::text from authz_scope s where s.tenant_id = p_tenant and s.application_id = p_application
             and s.is_default and s.created_at <= p_at and (s.ended_at is null or s.ended_at > p_at) order by s.name),
    exists (select from tenants_membership m where m.tenant_id = p_tenant and m.user_id = p_subject
               and m.status = 'active'),
    exists (select from endusers_enduser e where e.tenant_id = p_tenant and e.user_id = p_subject);
end $$;
