-- Who a person is to one tenant: the e-mail and name that they share with it, and whether that address is proved.
-- Not a definer: called in a request it sees the request's tenant.
create or replace function openid_person(p_tenant uuid, p_user uuid)
returns table(email text, verified boolean, name text) language plpgsql stable as $$
begin
  return query
    select p.email::text,
           exists (select from users u
                     join account_emailaddress a on a.user_id = u.identity_id and a.verified
                      and lower(a.email) = lower(p.email)
                    where u.tenant_id = p_tenant and u.id = p_user),
           p.display_name::text
      from tenants_profile p
     where p.tenant_id = p_tenant and p.user_id = p_user;
end $$;

-- OpenID Connect Core §5.3 in one round trip: the access token by its digest, standing at this moment, and the person.
-- No row: no such token, or its holder has no standing; nobody learns which.
create or replace function userinfo(p_token text)
returns table(subject uuid, openid text[], email text, verified boolean, name text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select k.subject, k.openid::text[], p.email, p.verified, p.name
      from oauth_accesstoken k
      left join lateral openid_person(k.tenant_id, k.subject) p on true
     where k.token_checksum = p_token and k.expires > clock_timestamp() and k.subject_kind = 'user'
       and standing(k.tenant_id, k.subject_kind, k.subject, k.audience_id, k.application_id, true) = '';
end $$;
