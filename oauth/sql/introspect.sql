-- RFC 7662 in one round trip: the resource's credential, the token, standing, live entitlement, every field of the
-- answer. No row: wrong credential. A row with a null answer: inactive, whatever the reason, and nothing is learnt.
--
-- Secrets arrive as SHA-256 digests: comparing digests of random secrets needs no constant time, since nobody can
-- choose a digest's next byte.

-- The answer without members that have no value, and two that say null aloud.
create or replace function introspection_answer(p_optional jsonb, p_always jsonb) returns json
language sql immutable parallel safe as $$ select (jsonb_strip_nulls(p_optional) || p_always)::json $$;

create or replace function introspect(
  p_credential text, p_secret text, p_token text, p_ip inet, p_issuer text
) returns table(answer json) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_at timestamptz := clock_timestamp();
  v_tenant uuid;
  v_application uuid;
  t record;
  who record;
  v_scope text;
  v_pending json;
  v_filtered boolean;
begin
  select c.tenant_id, c.application_id into v_tenant, v_application
    from oauth_resourcecredential c
   where c.credential_id = p_credential and c.secret_digest = p_secret
     and (c.ended_at is null or c.ended_at > v_at) and (c.expires_at is null or c.expires_at > v_at);
  if not found then
    return;
  end if;

  select k.*, c.client_id as client, c.name as client_name, a.resource_uri, a.rate_limit, a.rate_window_s into t
    from oauth_accesstoken k
    join oauth_client c on c.id = k.application_id
    join authz_application a on a.tenant_id = k.tenant_id and a.id = k.audience_id
   where k.token_checksum = p_token and k.tenant_id = v_tenant and k.audience_id = v_application and k.expires > v_at;
  if not found
     or standing(v_tenant, t.subject_kind, t.subject, v_application, t.application_id, t.subject_kind = 'user') <> ''
  then
    return query select null::json;
    return;
  end if;

  with live as (
    select e.scope, e.active, e.pending
      from effective_scopes(
        v_tenant, t.subject_kind, t.subject, v_application, v_at, t.mfa_at, coalesce(p_ip, t.auth_ip::inet)) e
     where e.supported
  ), held as (
    select h.name, h.position, coalesce(l.active, false) as active
      from unnest(string_to_array(t.scope, ' ')) with ordinality h(name, position)
      left join live l on l.scope = h.name
     where h.name <> ''
  )
  select coalesce((select string_agg(h.name, ' ' order by h.position) from held h where h.active), ''),
         coalesce((select bool_or(not h.active) from held h), false),
         (select json_agg(json_build_object('scope', l.scope, 'reason', 'pending_step_up') order by l.scope)
            from live l where l.pending and not l.active and l.scope = any (t.requested))
    into v_scope, v_filtered, v_pending;

  -- Null for a service account, and for a member without an end-user row.
  select coalesce(p.email, s.name) as username, r.key as tier, r.rate_limit, r.rate_window_s,
         case when (e.rate_limit_override ->> 'until') is null
                or (e.rate_limit_override ->> 'until')::timestamptz > v_at then e.rate_limit_override end as override
    into who
    from (select 1) one
    left join tenants_profile p on t.subject_kind = 'user' and p.tenant_id = v_tenant and p.user_id = t.subject
    left join authz_serviceaccount s
      on t.subject_kind = 'service_account' and s.tenant_id = v_tenant and s.id = t.subject
    left join endusers_enduser e on t.subject_kind = 'user' and e.tenant_id = v_tenant and e.user_id = t.subject
    left join endusers_plantier r on r.tenant_id = v_tenant and r.id = e.plan_tier_id;

  return query select introspection_answer(
    jsonb_build_object(
      'active', true, 'scope', v_scope, 'client_id', t.client, 'client_name', t.client_name, 'sub', t.subject,
      'username', who.username, 'aud', t.resource_uri, 'iss', p_issuer, 'exp', floor(extract(epoch from t.expires))::bigint,
      'iat', floor(extract(epoch from t.created))::bigint, 'nbf', floor(extract(epoch from t.created))::bigint,
      'jti', t.id, 'token_type', 'Bearer', 'tenant_id', v_tenant,
      'acr', nullif(t.acr, ''), 'amr', case when cardinality(t.amr) > 0 then to_jsonb(t.amr) end,
      'auth_time', floor(extract(epoch from t.auth_time))::bigint,
      'scope_filtered', case when v_filtered then true end, 'pending', v_pending),
    jsonb_build_object(
      'plan_tier', who.tier,
      'rate_limit', case
        when who.override ? 'limit' then jsonb_build_object(
          'limit', who.override -> 'limit', 'window_s', coalesce(who.override -> 'window_s', '60'), 'source', 'override')
        when who.rate_limit is not null then jsonb_build_object(
          'limit', who.rate_limit, 'window_s', who.rate_window_s, 'source', 'tier')
        when t.rate_limit is not null then jsonb_build_object(
          'limit', t.rate_limit, 'window_s', t.rate_window_s, 'source', 'application') end));
end $$;
