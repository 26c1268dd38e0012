-- Invented consumers number %(first)s to %(last)s of one tenant, with the rows that a first consent writes: identity,
-- user, profile, end user, tier, standing, consent and event. One statement, so that a million take minutes.
--
-- Everything follows from the number: share(n, k) is the k-th pseudo-random share (0 to 1) of person n. Ids are
-- UUIDv7 of the moment that the row is said to be from (RFC 9562 §5.7); the rest of their bits are a digest.
with numbers as materialized (
  select n,
         (hashtextextended(%(seed)s || n, 1) & 1048575) / 1048576.0 as s1,
         (hashtextextended(%(seed)s || n, 2) & 1048575) / 1048576.0 as s2,
         (hashtextextended(%(seed)s || n, 3) & 1048575) / 1048576.0 as s3,
         (hashtextextended(%(seed)s || n, 4) & 1048575) / 1048576.0 as s4,
         (hashtextextended(%(seed)s || n, 5) & 1048575) / 1048576.0 as s5,
         (hashtextextended(%(seed)s || n, 6) & 1048575) / 1048576.0 as s6
    from generate_series(%(first)s::int, %(last)s::int) n
),
names as materialized (
  select n, s1, s2, s3, s4, s5, s6,
         (%(given)s::text[])[1 + floor(s1 * cardinality(%(given)s::text[]))] as given,
         (%(family)s::text[])[1 + floor(s2 * cardinality(%(family)s::text[]))] as family,
         (%(hosts)s::text[])[1 + floor(s3 * cardinality(%(hosts)s::text[]))] as host,
         -- More of them lately than long ago, and seen again at any time since, mostly lately too.
         date_trunc('second', %(now)s::timestamptz - %(days)s * interval '1 day' * (s4 ^ 1.8)) as came
    from numbers
),
people as materialized (
  select n, given || ' ' || family as name, came,
         lower(given) || '.' || lower(family) || n || '@' || host as email,
         (lpad(to_hex((extract(epoch from came) * 1000)::bigint), 12, '0') || '7'
           || substr(md5(%(seed)s || 'identity' || n), 1, 3) || '8'
           || substr(md5(%(seed)s || 'identity' || n), 4, 15))::uuid as identity_id,
         (lpad(to_hex((extract(epoch from came) * 1000)::bigint), 12, '0') || '7'
           || substr(md5(%(seed)s || 'user' || n), 1, 3) || '8'
           || substr(md5(%(seed)s || 'user' || n), 4, 15))::uuid as user_id,
         date_trunc('second', came + (%(now)s::timestamptz - came) * (1 - s5 ^ 2.2)) as seen,
         case when s6 < 0.02 then 'custom' when s6 < 0.14 then 'pro' else 'free' end as tier,
         s1 * 7 - floor(s1 * 7) < 0.012 as suspended,
         (%(clients)s::uuid[])[1 + floor((s2 * 13 - floor(s2 * 13)) * cardinality(%(clients)s::uuid[]))] as client_id,
         (%(reasons)s::text[])[1 + floor(s5 * cardinality(%(reasons)s::text[]))] as reason
    from names
),
identities as (
  insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
  select identity_id, email, name, '!', true, false, came from people
  on conflict do nothing returning id
),
addresses as (
  insert into account_emailaddress (user_id, email, verified, "primary")
  select p.identity_id, p.email, true, true from people p join identities i on i.id = p.identity_id
),
projections as (
  insert into users (id, tenant_id, identity_id)
  select p.user_id, %(tenant)s, p.identity_id from people p join identities i on i.id = p.identity_id
  returning id
),
profiles as (
  insert into tenants_profile (id, tenant_id, user_id, email, display_name, updated_at)
  select gen_random_uuid(), %(tenant)s, p.user_id, p.email, p.name, p.came
    from people p join projections u on u.id = p.user_id
),
consumers as (
  insert into endusers_enduser (user_id, tenant_id, status, plan_tier_id, created_at, first_consent_at, last_seen_at,
                                suspended_at, suspended_by, suspended_reason)
  select p.user_id, %(tenant)s, case when p.suspended then 'suspended' else 'active' end, t.id, p.came, p.came, p.seen,
         case when p.suspended then p.seen end, case when p.suspended then %(owner)s::uuid end,
         case when p.suspended then p.reason else '' end
    from people p
    join projections u on u.id = p.user_id
    join endusers_plantier t on t.tenant_id = %(tenant)s and t.key = p.tier
),
tiers as (
  insert into endusers_endusertier (id, tenant_id, user_id, plan_tier_id, from_at)
  select gen_random_uuid(), %(tenant)s, p.user_id, t.id, p.came
    from people p
    join projections u on u.id = p.user_id
    join endusers_plantier t on t.tenant_id = %(tenant)s and t.key = p.tier
),
standing as (
  insert into endusers_standingchange
         (id, tenant_id, user_id, capacity, from_status, to_status, from_type, to_type, at, by, reason)
  select gen_random_uuid(), %(tenant)s, c.user_id, 'end_user', c.from_status, c.to_status, '', '', c.at, c.by, c.reason
    from (select user_id, '' as from_status, 'active' as to_status, came as at, null::uuid as by, '' as reason
            from people
          union all
          select user_id, 'active', 'suspended', seen, %(owner)s::uuid, reason from people where suspended) c
    join projections u on u.id = c.user_id
),
consents as (
  insert into oauth_consent (id, tenant_id, user_id, client_id, application_id, scopes, created_at, updated_at)
  select gen_random_uuid(), %(tenant)s, p.user_id, p.client_id, %(application)s, %(scopes)s::text[], p.came, p.came
    from people p join projections u on u.id = p.user_id
),
events as (
  insert into audit_event (id, tenant_id, at, actor_kind, actor_id, actor_name, actor_capacity, action, target_kind,
                           target_id, target_name, reason, via, request_id, policies, after)
  select (lpad(to_hex((extract(epoch from e.at) * 1000)::bigint), 12, '0') || '7'
           || substr(md5(%(seed)s || e.action || e.n), 1, 3) || '8'
           || substr(md5(%(seed)s || e.action || e.n), 4, 15))::uuid,
         %(tenant)s, e.at, e.actor_kind, e.actor_id, e.actor_name, e.capacity, e.action, 'end_user',
         e.user_id, e.name, e.reason, e.via, '', '{}', e.after
    from (select n, came as at, 'end_user' as actor_kind, user_id as actor_id, name as actor_name, '' as capacity,
                 'end_user.appeared' as action, user_id, name, '' as reason, 'oauth' as via,
                 jsonb_build_object('plan_tier', tier, 'plan_tier_name', initcap(tier)) as after
            from people
          union all
          select n, seen, 'member', %(owner)s::uuid, %(owner_name)s, 'owner', 'end_user.suspended', user_id, name,
                 reason, 'console', '{"status": "suspended"}'::jsonb
            from people where suspended) e
    join projections u on u.id = e.user_id
)
select count(*) from projections
