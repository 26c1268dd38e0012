-- A tenant may ask its team for a second factor. Operators never query identities: what a tenant learns of its members'
-- sign-in is yes or no, through these functions, for the tenant in force only.

-- Recovery codes alone are none: they come with an authenticator.
create or replace function has_second_factor(p_identity uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (select from mfa_authenticator a where a.user_id = p_identity and a.type in ('totp', 'webauthn'));
end $$;

-- Every active member, whether they have one, and until when those without must set one up (null: not asked for).
create or replace function second_factors(p_tenant uuid) returns table(
  user_id uuid, enrolled boolean, due timestamptz
) language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select m.user_id, f.has, case when not f.has and t.second_factor_since is not null
           then greatest(t.second_factor_since, m.joined_at) + make_interval(days => t.second_factor_grace_days) end
      from tenants_tenant t
      join tenants_membership m on m.tenant_id = t.id and m.status = 'active'
      join users u on u.tenant_id = t.id and u.id = m.user_id
      cross join lateral (select has_second_factor(u.identity_id)) f(has)
     where t.id = p_tenant and t.id = nullif(current_setting('authsec.tenant', true), '')::uuid;
end $$;

-- Until when this member must set one up; null when they have one or the tenant does not ask. The management API's
-- question, in the statement that reads their standing.
create or replace function second_factor_due(p_tenant uuid, p_user uuid) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (
    select greatest(t.second_factor_since, m.joined_at) + make_interval(days => t.second_factor_grace_days)
      from tenants_tenant t
      join tenants_membership m on m.tenant_id = t.id and m.user_id = p_user
      join users u on u.tenant_id = t.id and u.id = p_user
     where t.id = p_tenant and t.id = nullif(current_setting('authsec.tenant', true), '')::uuid
       and t.second_factor_since is not null and not has_second_factor(u.identity_id));
end $$;

-- Whoever removes a second factor may lose what a signed claim still says (Rule 10): tell the revocation feed.
create or replace function announce_second_factor() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'identity ' || old.user_id);
  return null;
end $$;

-- So may those of a tenant that begins to require one, or gives less time.
create or replace function announce_second_factor_rule() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify('authsec_changes', 'tenant ' || old.id);
  return null;
end $$;
