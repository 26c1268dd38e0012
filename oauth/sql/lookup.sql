-- What a request under /oauth/ may find before it knows its tenant: the row behind a client id, a code, a token or a
-- resource that the caller itself named. Each answers one row's own facts and never a list of somebody's rows.

create or replace function find_client(p_client_id text) returns setof oauth_client
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query select c.* from oauth_client c where c.client_id = p_client_id;
end $$;

-- Codes and refresh tokens come back locked: two requests with the same one take turns, and the second sees what the
-- first one did (volatile: each statement reads afresh).
create or replace function claim_code(p_digest text) returns setof oauth_grant
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select g.* from oauth_grant g where g.code = p_digest for update;
end $$;

create or replace function claim_refresh_token(p_digest text) returns setof oauth_refreshtoken
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select r.* from oauth_refreshtoken r where r.token_checksum = p_digest for update;
end $$;

-- For revocation: where a token lives. kind: access or refresh.
create or replace function find_token(p_digest text)
returns table(kind text, id uuid, tenant_id uuid, client_id uuid, token_family uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select 'access', t.id, t.tenant_id, t.application_id, t.token_family
      from oauth_accesstoken t where t.token_checksum = p_digest
    union all
    select 'refresh', r.id, r.tenant_id, r.application_id, r.token_family
      from oauth_refreshtoken r where r.token_checksum = p_digest;
end $$;

-- The Application behind a resource URI (RFC 8707). A verified one is everybody's; an unverified one exists for the
-- active members of its own tenant only. p_client_tenant: a tenant's own client knows that tenant alone.
create or replace function find_resource(p_uri text, p_identity uuid, p_client_tenant uuid)
returns table(
  tenant_id uuid, application_id uuid, application_name text, tenant_slug text, tenant_name text, user_id uuid
)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select a.tenant_id, a.id, a.name::text, t.slug::text, t.name::text, u.id
      from authz_application a
      join tenants_tenant t on t.id = a.tenant_id
      left join users u on u.identity_id = p_identity and u.tenant_id = a.tenant_id
     where a.resource_uri = p_uri and a.ended_at is null
       and (p_client_tenant is null or a.tenant_id = p_client_tenant)
       and (a.verified_at is not null or exists (
             select from tenants_membership m
              where m.tenant_id = a.tenant_id and m.user_id = u.id and m.status = 'active'))
     order by a.verified_at is null, a.created_at
     limit 1;
end $$;

-- Whether signing in could make a difference: an unverified Application has this URI.
create or replace function unverified_resource(p_uri text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (select from authz_application a
                  where a.resource_uri = p_uri and a.ended_at is null and a.verified_at is null);
end $$;

-- The Applications that a tenant's own client is limited to: exactly one makes the parameter unnecessary. What a tenant
-- says of a client of the installation counts inside that tenant alone.
create or replace function resources_of_client(p_client uuid) returns setof text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select distinct a.resource_uri::text
      from oauth_client c
      join oauth_clientapproval v on v.tenant_id = c.tenant_id and v.client_id = c.id and v.limited_at is not null
      join oauth_clientlimit l on l.tenant_id = c.tenant_id and l.client_id = c.id and l.ended_at is null
      join authz_application a on a.tenant_id = l.tenant_id and a.id = l.application_id and a.ended_at is null
     where c.id = p_client
     limit 50;
end $$;

-- What an Application publishes about itself (RFC 9728).
create or replace function public_application(p_id uuid)
returns table(resource_uri text, name text, scopes text[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select a.resource_uri::text, a.name::text,
           array(select s.name::text from authz_scope s
                  where s.tenant_id = a.tenant_id and s.application_id = a.id and s.ended_at is null order by s.name)
      from authz_application a where a.id = p_id and a.ended_at is null and a.status = 'enabled';
end $$;
