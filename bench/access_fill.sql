-- Ids in the order of time (PostgreSQL 18), so that a million rows go to the end of each index.
-- A tenant of %(users)s users, %(groups)s groups and %(bindings)s bindings around one person, whose own groups and
-- bindings are the same in every tenant: 50 groups with 5 bindings each, 50 bindings of their own.
create temp table person_n on commit drop as
select n, uuidv7() as identity, uuidv7() as id from generate_series(1, %(users)s) n;
analyze person_n;

insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
select identity, 'n' || n || '@' || %(slug)s || '.example', 'Person ' || n, '!', true, false, now() from person_n;

insert into users (id, tenant_id, identity_id) select id, %(tenant)s, identity from person_n;

insert into endusers_enduser (user_id, tenant_id, status, plan_tier_id, created_at, suspended_reason)
select p.id, %(tenant)s, 'active', t.id, now(), ''
  from person_n p cross join (select id from endusers_plantier where tenant_id = %(tenant)s and is_default) t;

create temp table app_n on commit drop as select n, uuidv7() as id from generate_series(1, 20) n;
insert into authz_application (id, tenant_id, name, kind, description, resource_uri, verified_at, verified_by,
  check_problem, support_contact, privacy_uri, terms_uri, logo_digest, status, admission, rate_window_s, enforce_rate_limit, created_at)
select id, %(tenant)s, 'app-' || n, 'api', '', 'https://app-' || n || '.' || %(slug)s || '.example', now(), 'loopback',
       '', '', '', '', '', 'enabled', 'anyone', 60, false, now() from app_n;
insert into authz_scope (id, tenant_id, application_id, name, description, risk, is_default, created_at)
select uuidv7(), %(tenant)s, id, 'scope:' || s, '', 'low', s = 1, now() from app_n, generate_series(1, 10) s;

create temp table role_n on commit drop as select n, uuidv7() as id from generate_series(1, 200) n;
insert into authz_role (id, tenant_id, name, description, system_key, created_at)
select id, %(tenant)s, 'Role ' || n, '', '', now() from role_n;
insert into authz_rolescope (id, tenant_id, role_id, kind, name, added_at)
select uuidv7(), %(tenant)s, id, 'scope', 'scope:' || (1 + (n + s) %% 10), now()
  from role_n, generate_series(1, 3) s;

create temp table group_n on commit drop as select n, uuidv7() as id from generate_series(1, %(groups)s) n;
analyze group_n;
insert into authz_group (id, tenant_id, name, description, external_id, created_at)
select id, %(tenant)s, 'Group ' || n, '', '', now() from group_n;
insert into authz_groupmember (id, tenant_id, group_id, user_id, source, added_at)
select uuidv7(), %(tenant)s, g.id, p.id, 'manual', now()
  from group_n g cross join generate_series(1, 20) m
  join person_n p on p.n = 1 + (g.n * 7919 + m * 104729) %% %(users)s;
insert into authz_groupmember (id, tenant_id, group_id, user_id, source, added_at)
select uuidv7(), %(tenant)s, id, %(person)s, 'manual', now() from group_n where n <= 50;

-- The first 50 groups have 5 bindings each; the others share what is left of three quarters; the rest is people's own.
insert into authz_binding (id, tenant_id, role_id, user_id, group_id, application_id, requires_mfa, mfa_max_age, reason,
  created_at)
select uuidv7(), %(tenant)s, r.id, b.user_id, b.group_id, a.id, b.n %% 5 = 0, interval '30 days', '', now()
  from (
    select n.n, null::uuid as user_id, g.id as group_id
      from generate_series(1, 250) n(n) join group_n g on g.n = 1 + n.n %% 50
    union all
    select n, %(person)s::uuid, null from generate_series(251, 300) n
    union all
    select n.n, null, g.id from generate_series(301, %(bindings)s * 3 / 4) n(n)
      join group_n g on g.n = 51 + n.n %% (%(groups)s - 50)
    union all
    select n.n, p.id, null from generate_series(%(bindings)s * 3 / 4 + 1, %(bindings)s) n(n)
      join person_n p on p.n = 1 + (n.n * 7919) %% %(users)s
  ) b
  join role_n r on r.n = 1 + b.n %% 200
  join app_n a on a.n = 1 + b.n %% 20;
