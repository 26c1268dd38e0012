-- RFC 7662 in one round trip: the resource's credential, the token, standing, live entitlement, every field of the
-- answer. No row: wrong credential. A row with a null answer: inactive, whatever the reason, and the resource learns
-- nothing of it. For whose Application, which token and whom it was, and why, is for the tenant's own counters and its
-- operators; call_limit and call_window_s stand where the Application asked that its calls be counted here.
--
-- Secrets arrive as SHA-256 digests: comparing digests of random secrets needs no constant time, since nobody can
-- choose a digest's next byte.

-- Every call of every tool asks here, hence the shape: three statements whose plans are kept, the kind of subject as a
-- constant in each (so that the other kinds' branches are pruned when it is planned), and plain expressions for the rest.
-- A table costs seven microseconds to open and look into, a row nothing: what few need stands in no statement of all.

-- What a function returns cannot be replaced.
drop function if exists introspect(text, text, text, inet, text);
create function introspect(
  p_credential text, p_secret text, p_token text, p_ip inet, p_issuer text
) returns table(
  answer text, for_tenant uuid, for_application uuid, why text, for_token uuid, for_subject uuid, call_limit int,
  call_window_s int
) language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_at timestamptz := clock_timestamp();
  t record;
  who record;
  v_ip inet;
  v_held text[];
  v_active text[];
  v_waiting text[];
  v_scope text;
  v_filtered boolean;
  v_pending json;
begin
  select c.tenant_id as tenant, c.application_id as application, k.id, k.subject_kind, k.subject, k.application_id,
         k.scope, k.requested, k.openid, k.mfa_at, k.auth_ip, k.acr, k.amr,
         k.source_token_id, k.act,
         floor(extract(epoch from k.expires))::bigint as exp, floor(extract(epoch from k.created))::bigint as iat,
         floor(extract(epoch from k.auth_time))::bigint as auth_time,
         l.client_id as client, l.name as client_name, l.disabled_at is null as client_live,
         a.resource_uri, a.rate_limit, a.rate_window_s, a.enforce_rate_limit, a.status = 'enabled' and a.ended_at is null as enabled,
         a.kind as application_kind
    into t
    from oauth_resourcecredential c
    left join oauth_accesstoken k on k.token_checksum = p_token and k.tenant_id = c.tenant_id
     and k.audience_id = c.application_id and k.expires > v_at
    left join oauth_client l on l.id = k.application_id
    left join authz_application a on a.tenant_id = k.tenant_id and a.id = k.audience_id
   where c.credential_id = p_credential and c.secret_digest = p_secret
     and (c.ended_at is null or c.ended_at > v_at) and (c.expires_at is null or c.expires_at > v_at);
  if not found then
    return;
  end if;
  for_tenant := t.tenant;
  for_application := t.application;
  if t.id is null then
    why := coalesce((select case when k.audience_id <> t.application then 'other_application' else 'expired' end
                       from oauth_accesstoken k where k.token_checksum = p_token and k.tenant_id = t.tenant), 'unknown');
    return next;
    return;
  end if;

  v_ip := coalesce(p_ip, t.auth_ip::inet);
  if t.subject_kind = 'user' then
    select standing_word(
             'user', o.status = 'open', t.enabled, t.client_live and v.status is distinct from 'denied', null,
             m.status, e.status, n.id is not null) as standing,
           v.limited_at is not null as limited, null::text[] as reach,
           not exists (select from authz_groupmember g where g.tenant_id = o.id and g.user_id = t.subject)
             and not exists (select from authz_serviceaccountoperator s
                              where s.tenant_id = o.id and s.user_id = t.subject) as alone,
           p.email::text as username, r.key::text as tier, r.rate_limit, r.rate_window_s, e.rate_limit_override as override
      into who
      from tenants_tenant o
      left join oauth_clientapproval v on v.tenant_id = o.id and v.client_id = t.application_id
      left join tenants_membership m on m.tenant_id = o.id and m.user_id = t.subject
      left join endusers_enduser e on e.tenant_id = o.id and e.user_id = t.subject
      left join endusers_plantier r on r.tenant_id = o.id and r.id = e.plan_tier_id
      left join tenants_profile p on p.tenant_id = o.id and p.user_id = t.subject
      left join oauth_consent n on n.tenant_id = o.id and n.user_id = t.subject and n.client_id = t.application_id
       and n.application_id = t.application and n.withdrawn_at is null
     where o.id = t.tenant;
  else
    select standing_word(
             'service_account', o.status = 'open', t.enabled, t.client_live and v.status is distinct from 'denied',
             s.id is not null and s.ended_at is null, null, null, true) as standing,
           v.limited_at is not null as limited, null::text[] as reach, false as alone,
           s.name::text as username, null::text as tier, null::int as rate_limit, null::int as rate_window_s,
           null::jsonb as override
      into who
      from tenants_tenant o
      left join oauth_clientapproval v on v.tenant_id = o.id and v.client_id = t.application_id
      left join authz_serviceaccount s on s.tenant_id = o.id and s.id = t.subject
     where o.id = t.tenant;
  end if;
  if who.limited then
    who.reach := client_reach(t.tenant, t.application_id, t.application);
  end if;
  if who.standing is distinct from '' or who.reach = '{}' then
    -- Beside unknown tokens there are people who left.
    why := case who.standing when '' then 'client_limited' else coalesce(nullif(who.standing, 'unknown'), 'nobody') end;
    return next;
    return;
  end if;
  if t.source_token_id is not null and not delegation_holds(t.tenant, t.application, t.act, t.source_token_id, v_at) then
    why := 'delegation_ended';
    return next;
    return;
  end if;

  if who.alone then
    select array_agg(e.scope) filter (where e.active), array_agg(e.scope) filter (where e.pending and not e.active)
      into v_active, v_waiting
      from effective_scopes(t.tenant, 'alone', t.subject, t.application, v_at, t.mfa_at, v_ip) e where e.supported;
  elsif t.subject_kind = 'user' then
    select array_agg(e.scope) filter (where e.active), array_agg(e.scope) filter (where e.pending and not e.active)
      into v_active, v_waiting
      from effective_scopes(t.tenant, 'user', t.subject, t.application, v_at, t.mfa_at, v_ip) e where e.supported;
  else
    select array_agg(e.scope) filter (where e.active), array_agg(e.scope) filter (where e.pending and not e.active)
      into v_active, v_waiting
      from effective_scopes(t.tenant, 'service_account', t.subject, t.application, v_at, t.mfa_at, v_ip) e
     where e.supported;
  end if;

  -- What the tenant keeps from this client is neither held nor waiting, as in issue_terms.
  if who.reach is not null then
    v_active := array(select h.name from unnest(v_active) h(name) where reaches(who.reach, h.name));
    v_waiting := array(select w.name from unnest(v_waiting) w(name) where reaches(who.reach, w.name));
  end if;
  if t.source_token_id is not null then
    v_active := delegation_keeps(t.tenant, t.application, t.source_token_id, v_active);
    v_waiting := delegation_keeps(t.tenant, t.application, t.source_token_id, v_waiting);
  end if;

  -- Token scope ∩ entitlement now, in the token's order; almost always the token's own.
  v_held := string_to_array(t.scope, ' ');
  v_scope := t.scope;
  if v_held <@ coalesce(v_active, '{}') is not true then
    v_scope := coalesce((select string_agg(h.name, ' ' order by h.position)
                           from unnest(v_held) with ordinality h(name, position) where h.name = any (v_active)), '');
  end if;
  if v_waiting && t.requested then
    v_pending := (select json_agg(json_build_object('scope', w.name, 'reason', 'pending_step_up') order by w.name)
                    from unnest(v_waiting) w(name) where w.name = any (t.requested));
  end if;
  if (who.override ->> 'until')::timestamptz <= v_at then
    who.override := null;
  end if;

  v_filtered := v_scope <> t.scope;
  why := case when v_scope = '' and t.scope <> '' then 'nothing_left' when v_filtered then 'narrowed' else '' end;
  -- Not entitlements: a web app, which signs people in with them, reads them; others read their own scopes alone.
  if t.openid <> '{}' and t.application_kind = 'web_app' then
    v_scope := concat_ws(' ', array_to_string(t.openid, ' '), nullif(v_scope, ''));
  end if;

  -- Pieces rather than json_build_object and json_strip_nulls, which cost as much as a statement. Members without a
  -- value are left out; two say null aloud. Ids need no escaping, whatever people chose gets it.
  for_token := t.id;
  for_subject := t.subject;
  if t.enforce_rate_limit then
    -- Whose limit it is, in the order of the answer below. The caller counts, and writes what is left of it into the
    -- end of the answer, where the limit stands for that.
    call_limit := coalesce((who.override ->> 'limit')::int, who.rate_limit, t.rate_limit);
    call_window_s := case when who.override ? 'limit' then coalesce((who.override ->> 'window_s')::int, 60)
                          when who.rate_limit is not null then who.rate_window_s else t.rate_window_s end;
  end if;
  answer := concat(
    '{"active":true,"scope":', to_json(v_scope), ',"client_id":', to_json(t.client),
    ',"client_name":' || nullif(to_json(t.client_name)::text, '""'),
    ',"sub":"', t.subject, '"', ',"username":' || to_json(who.username), ',"aud":', to_json(t.resource_uri), ',"iss":', to_json(p_issuer), ',"exp":', t.exp, ',"iat":', t.iat, ',"nbf":', t.iat,
    ',"jti":"', t.id, '","token_type":"Bearer","tenant_id":"', t.tenant, '"',
    ',"acr":' || to_json(nullif(t.acr, '')), case when t.amr <> '{}' then concat(',"amr":', to_json(t.amr)) end,
    ',"act":' || t.act::text, ',"auth_time":' || t.auth_time, case when v_filtered then ',"scope_filtered":true' end,
    ',"pending":' || v_pending, ',"plan_tier":', coalesce(to_json(who.tier), 'null'), ',"rate_limit":',
    case
      when who.override ? 'limit' then json_build_object(
        'limit', who.override -> 'limit', 'window_s', coalesce(who.override -> 'window_s', '60'), 'source', 'override')::text
      when who.rate_limit is not null then
        concat('{"limit":', who.rate_limit, ',"window_s":', who.rate_window_s, ',"source":"tier"}')
      when t.rate_limit is not null then
        concat('{"limit":', t.rate_limit, ',"window_s":', t.rate_window_s, ',"source":"application"}')
      else 'null' end, '}');
  return next;
end $$;
