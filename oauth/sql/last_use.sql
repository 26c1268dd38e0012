-- When a client, a service account or a resource credential was last used, to within five minutes: one write in that
-- time, however many requests there are. A row that somebody holds is passed over, so that nobody waits for this.

drop function if exists note_client_use(uuid, timestamptz);

-- Each tenant knows of its own use alone: p_tenant is the token's, null for the management API.
create or replace function note_client_use(p_client uuid, p_at timestamptz, p_tenant uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_account uuid;
begin
  update oauth_client set last_used_at = p_at
   where id in (select c.id from oauth_client c
                 where c.id = p_client and (c.last_used_at is null or c.last_used_at < p_at - interval '5 minutes')
                   for no key update skip locked)
  returning service_account_id into v_account;
  update oauth_clientapproval set last_used_at = p_at, last_seen_at = greatest(last_seen_at, p_at)
   where id in (select v.id from oauth_clientapproval v
                 where v.tenant_id = p_tenant and v.client_id = p_client
                   and (v.last_used_at is null or v.last_used_at < p_at - interval '5 minutes')
                   for no key update skip locked);
  if v_account is not null then
    update authz_serviceaccount set last_used_at = p_at
     where id in (select a.id from authz_serviceaccount a where a.id = v_account for no key update skip locked);
  end if;
end $$;

create or replace function note_credential_use(p_credential text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update oauth_resourcecredential set last_used_at = clock_timestamp()
   where id in (select c.id from oauth_resourcecredential c
                 where c.credential_id = p_credential
                   and (c.last_used_at is null or c.last_used_at < clock_timestamp() - interval '5 minutes')
                   for no key update skip locked);
end $$;
