-- One person's connections across tenants, for their own page: keyed by the identity of the session.

-- A page of consents, live ones by when they were given or past ones by when they ended, newest first; `total` counts
-- all that match. What each gives now is asked of the function that the gate asks, with the second factor and the
-- address that its newest token holds.
-- What a function returns cannot be replaced.
drop function if exists connections_page(uuid, boolean, text, uuid, uuid, timestamptz, timestamptz, uuid, boolean, integer);
create function connections_page(
  p_identity uuid, p_live boolean, p_text text, p_client uuid, p_consent uuid, p_at timestamptz,
  p_from timestamptz, p_from_id uuid, p_backward boolean, p_limit integer
) returns table(
  consent_id uuid, tenant_id uuid, tenant_name text, user_id uuid, client_id uuid, client_key text, client_name text,
  client_uri text, client_source text, client_owner text, application_id uuid, application_name text, resource_uri text,
  logo_digest text, scopes text[], created_at timestamptz, last_used_at timestamptz, withdrawn_at timestamptz,
  withdrawn_by uuid, moment timestamptz, tokens bigint, standing text, states jsonb, facts jsonb, client_logo text, total bigint
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
  with mine as materialized (
    select c.id, c.tenant_id, t.name::text as tenant_name, c.user_id, c.client_id, k.client_id::text as client_key,
           k.name::text as client_name, k.client_uri::text as client_uri, k.registration_source::text as source,
           case when k.service_account_id is not null then 'workload' when k.tenant_id is not null then 'tenant'
                else 'installation' end as owner,
           c.application_id, a.name::text as application_name, a.resource_uri::text, a.logo_digest::text, c.scopes,
           c.created_at, c.last_used_at, c.withdrawn_at, c.withdrawn_by, k.logo::text as client_logo,
           coalesce(c.withdrawn_at, c.created_at) as moment
      from users u
      join oauth_consent c on c.tenant_id = u.tenant_id and c.user_id = u.id and (c.withdrawn_at is null) = p_live
      join oauth_client k on k.id = c.client_id
      join authz_application a on a.tenant_id = c.tenant_id and a.id = c.application_id
      join tenants_tenant t on t.id = c.tenant_id
     where u.identity_id = p_identity
       and (p_client is null or c.client_id = p_client) and (p_consent is null or c.id = p_consent)
       and (p_text = '' or strpos(lower(concat_ws(' ', k.name, k.client_id, a.name, a.resource_uri, t.name)),
                                  lower(p_text)) > 0)
  ), page as (
    select m.* from mine m
     where p_from is null
        or case when p_backward then (m.moment, m.id) > (p_from, p_from_id) else (m.moment, m.id) < (p_from, p_from_id) end
     order by case when p_backward then m.moment end, case when not p_backward then m.moment end desc,
              case when p_backward then m.id end, case when not p_backward then m.id end desc
     limit p_limit
  )
  select p.id, p.tenant_id, p.tenant_name, p.user_id, p.client_id, p.client_key, p.client_name, p.client_uri, p.source,
         p.owner, p.application_id, p.application_name, p.resource_uri, p.logo_digest, p.scopes, p.created_at,
         p.last_used_at, p.withdrawn_at, p.withdrawn_by, p.moment, coalesce(alive.number, 0), now_given.standing,
         now_given.states,
         (select jsonb_agg(jsonb_build_array(n.name, s.description, s.risk) order by n.place)
            from unnest(p.scopes) with ordinality n(name, place)
            left join authz_scope s on s.tenant_id = p.tenant_id and s.application_id = p.application_id
             and s.name = n.name and s.ended_at is null),
         -- A picture that changed since the tenant approved the client is not shown, as on the consent page.
         case when v.judged <> '{}' and v.judged ->> 'logo' is distinct from p.client_logo then '' else p.client_logo end,
         (select count(*) from mine)
    from page p
    left join oauth_clientapproval v on v.tenant_id = p.tenant_id and v.client_id = p.client_id and v.status = 'approved'
    left join lateral (
      select count(*) as number, (array_agg(h.mfa_at order by h.made desc))[1] as mfa_at,
             (array_agg(h.auth_ip order by h.made desc))[1] as ip
        from (select k.mfa_at, k.auth_ip, k.created as made from oauth_accesstoken k
               where k.tenant_id = p.tenant_id and k.subject = p.user_id and k.application_id = p.client_id
                 and k.audience_id = p.application_id and k.expires > p_at
               union all
              select r.mfa_at, r.auth_ip, r.created from oauth_refreshtoken r
               where r.tenant_id = p.tenant_id and r.subject = p.user_id and r.application_id = p.client_id
                 and r.audience_id = p.application_id and r.revoked is null and r.expires > p_at) h
    ) alive on p_live
    left join lateral issue_terms(
      p.tenant_id, 'user', p.user_id, p.application_id, p.client_id, true, p_at, alive.mfa_at, alive.ip
    ) now_given on p_live
   order by case when p_backward then p.moment end, case when not p_backward then p.moment end desc,
            case when p_backward then p.id end, case when not p_backward then p.id end desc;
end $$;

-- The clients that may ask for the management API in a person's name: it belongs to no tenant, so no consent says so
-- but their live refresh tokens. At most 100, the last used first.
create or replace function api_connections_of(p_identity uuid, p_at timestamptz)
returns table(
  client_id uuid, client_key text, client_name text, client_uri text, client_source text, scopes text[],
  since timestamptz, last_used_at timestamptz, tokens bigint
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select k.id, k.client_id::text, k.name::text, k.client_uri::text, k.registration_source::text,
           array_agg(distinct n.name order by n.name), min(began.at), max(greatest(r.created, r.updated)),
           count(distinct r.id)
      from oauth_refreshtoken r
      join oauth_client k on k.id = r.application_id
     cross join lateral unnest(string_to_array(r.scope, ' ')) n(name)
     cross join lateral (
       select min(o.created) as at from oauth_refreshtoken o where o.token_family = r.token_family) began
     where r.tenant_id is null and r.subject = p_identity and r.subject_kind = 'identity'
       and r.revoked is null and r.expires > p_at and r.family_expires > p_at
     group by k.id
     order by max(greatest(r.created, r.updated)) desc, k.id
     limit 100;
end $$;

-- The tenant of one of the identity's own consents, or null: the first step of withdrawing it.
create or replace function tenant_of_consent(p_identity uuid, p_consent uuid) returns uuid
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select c.tenant_id from oauth_consent c join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
           where c.id = p_consent and u.identity_id = p_identity);
end $$;

-- Every live consent of the identity to one client: what is withdrawn with all of its connections. In the order of tenants, so that two who do this wait for each other in one direction.
create or replace function live_consents_of(p_identity uuid, p_client uuid)
returns table(tenant_id uuid, user_id uuid, consent_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select c.tenant_id, c.user_id, c.id
      from users u
      join oauth_consent c on c.tenant_id = u.tenant_id and c.user_id = u.id and c.withdrawn_at is null
     where u.identity_id = p_identity and c.client_id = p_client
     order by c.tenant_id, c.id;
end $$;
