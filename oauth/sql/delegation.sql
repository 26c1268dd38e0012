-- Token exchange (RFC 8693): the token that a workload presents for somebody, and whether a chain of them still holds.

-- The row behind a presented subject token, live or not: the caller says the same of a dead and of an unknown one.
create or replace function find_subject_token(p_digest text) returns setof oauth_accesstoken
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query select t.* from oauth_accesstoken t where t.token_checksum = p_digest;
end $$;

-- An exchanged token holds no longer than every token it descends from: each of them is there and alive, its client
-- is let in and still consented to, and no service account of the chain has ended. Called for such tokens only.
create or replace function delegation_holds(
  p_tenant uuid, p_application uuid, p_act jsonb, p_source uuid, p_at timestamptz
) returns boolean language plpgsql stable as $$
declare
  v_act jsonb := p_act;
  v_source uuid := p_source;
  t record;
begin
  loop
    if not exists (select from authz_serviceaccount s
                    where s.tenant_id = p_tenant and s.id = (v_act ->> 'sub')::uuid and s.ended_at is null) then
      return false;
    end if;
    select k.subject, k.application_id, k.act, k.source_token_id into t
      from oauth_accesstoken k
     where k.id = v_source and k.tenant_id = p_tenant and k.audience_id = p_application and k.expires > p_at;
    if not found or standing(p_tenant, 'user', t.subject, p_application, t.application_id, true) <> '' then
      return false;
    end if;
    if t.source_token_id is null then
      return true;
    end if;
    v_act := t.act;
    v_source := t.source_token_id;
  end loop;
end $$;

-- Of these scopes those that the tenant leaves every client through whose hands the person's token came: a limit on one
-- of them is a limit on what was exchanged for its token. p_source: the token that the last exchange presented.
create or replace function delegation_keeps(p_tenant uuid, p_application uuid, p_source uuid, p_scopes text[])
returns text[] language plpgsql stable as $$
declare
  v_kept text[] := p_scopes;
  v_source uuid := p_source;
  v_reach text[];
  v_client uuid;
begin
  while v_source is not null loop
    select k.application_id, k.source_token_id into v_client, v_source
      from oauth_accesstoken k where k.id = v_source and k.tenant_id = p_tenant;
    v_reach := client_reach(p_tenant, v_client, p_application);
    if v_reach is not null then
      v_kept := array(select s.name from unnest(v_kept) with ordinality s(name, place)
                       where reaches(v_reach, s.name) order by s.place);
    end if;
  end loop;
  return v_kept;
end $$;
