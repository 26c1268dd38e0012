-- The picture that an Application shows to everybody, by the digest in its address. Nothing for another one: what was
-- replaced is gone, and so is that of an archived Application.

create or replace function public_logo(p_application uuid, p_digest text) returns bytea
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select l.content
            from authz_application a
            join authz_applicationlogo l on l.tenant_id = a.tenant_id and l.application_id = a.id
           where a.id = p_application and a.logo_digest = p_digest and a.ended_at is null);
end $$;
