-- Whether any tenant knows this person, as a member or as an end user: such an identity is not folded into another.
create or replace function identity_in_use(p_identity uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (select from users u where u.identity_id = p_identity);
end $$;
