-- Which Application a resource credential is of: the first thing that a call of a resource server needs, as it names no
-- tenant. The same check as introspection: ended and expired credentials, and any other secret, find no row. Secrets
-- arrive as SHA-256 digests: see introspect.sql for why comparing them needs no constant time.

create or replace function resource_of_credential(p_credential text, p_secret text)
returns table(tenant_id uuid, application_id uuid, tenant_open boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select c.tenant_id, c.application_id, o.status = 'open'
      from oauth_resourcecredential c
      join tenants_tenant o on o.id = c.tenant_id
     where c.credential_id = p_credential and c.secret_digest = p_secret
       and (c.ended_at is null or c.ended_at > clock_timestamp())
       and (c.expires_at is null or c.expires_at > clock_timestamp());
end $$;
