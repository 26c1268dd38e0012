-- A device's authorization behind its code, locked: polls with one code take turns, and the second sees what the first
-- one took (RFC 8628 §3.4). The caller holds the code itself, of 256 random bits.
create or replace function claim_device_code(p_digest text) returns setof oauth_devicegrant
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select d.* from oauth_devicegrant d where d.device_code = p_digest for update;
end $$;
