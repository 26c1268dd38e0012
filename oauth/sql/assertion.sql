-- Notes that a client's assertion was used; false when it was before. Of two requests with the same one the second waits
-- for the first, and finds it used unless the first was rolled back.

create or replace function use_assertion(p_digest text, p_until timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into oauth_usedassertion (digest, expires_at) values (p_digest, p_until) on conflict do nothing;
  return found;
end $$;
