-- Invented consumers number %(first)s to %(last)s of one tenant, with the rows that a first consent writes: identity,
-- user, profile, end user, tier, standing, consent and event. One statement for each table, whatever their number.
--
-- Everything follows from the number: share(n, k) is the k-th pseudo-random share (0 to 1) of person n. Ids are
-- UUIDv7 of the moment that the row is said to be from (RFC 9562 §5.7); the rest of their bits are a digest.
create temporary table demo_crowd as
with numbers as materialized (
  select n,
         (hashtextextended(%(seed)s || n, 1) & 1048575) / 1048576.0::float8 as s1,
         (hashtextextended(%(seed)s || n, 2) & 1048575) / 1048576.0::float8 as s2,
         (hashtextextended(%(seed)s || n, 3) & 1048575) / 1048576.0::float8 as s3,
         (hashtextextended(%(seed)s || n, 4) & 1048575) / 1048576.0::float8 as s4,
         (hashtextextended(%(seed)s || n, 5) & 1048575) / 1048576.0::float8 as s5,
         (hashtextextended(%(seed)s || n, 6) & 1048575) / 1048576.0::float8 as s6
    from generate_series(%(first)s::int, %(last)s::int) n
),
names as materialized (
  select n, s1, s2, s3, s4, s5, s6,
         (%(given)s::text[])[1 + floor(s1 * cardinality(%(given)s::text[]))] as given,
         (%(family)s::text[])[1 + floor(s2 * cardinality(%(family)s::text[]))] as family,
         (%(hosts)s::text[])[1 + floor(s3 * cardinality(%(hosts)s::text[]))] as host,
         md5(%(seed)s || 'identity' || n) as d1,
         md5(%(seed)s || 'user' || n) as d2,
         -- More of them lately than long ago, and seen again at any time since, mostly lately too.
         date_trunc('second', %(now)s::timestamptz - %(days)s * interval '1 day' * (s4 ^ 1.8)) as came
    from numbers
)
select given || ' ' || family as name, came,
       lower(given) || '.' || lower(family) || n || '@' || host as email,
       (stamp || '7' || substr(d1, 1, 3) || '8' || substr(d1, 4, 15))::uuid as identity_id,
       (stamp || '7' || substr(d2, 1, 3) || '8' || substr(d2, 4, 15))::uuid as user_id,
       -- What the ids of this person's other rows begin with, and what they end with.
       stamp || '7' || substr(d1, 19, 3) as head, '8' || substr(d2, 19, 13) as tail,
       date_trunc('second', came + (%(now)s::timestamptz - came) * (1 - s5 ^ 2.2)) as seen,
       t.id as tier_id, t.key as tier, t.name as tier_name,
       s1 * 7 - floor(s1 * 7) < 0.012 as suspended,
       (%(clients)s::uuid[])[1 + floor((s2 * 13 - floor(s2 * 13)) * cardinality(%(clients)s::uuid[]))] as client_id,
       (%(reasons)s::text[])[1 + floor(s5 * cardinality(%(reasons)s::text[]))] as reason
  from names
 cross join lateral (select lpad(to_hex((extract(epoch from came) * 1000)::bigint), 12, '0') as stamp) at
  join endusers_plantier t
    on t.tenant_id = %(tenant)s and t.key = case when s6 < 0.02 then 'custom' when s6 < 0.14 then 'pro' else 'free' end
 order by came;

-- Whoever has the address already is somebody else.
delete from demo_crowd p where exists (select from tenants_identity i where i.email = p.email);

insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
select identity_id, email, name, '!', true, false, came from demo_crowd;

insert into account_emailaddress (user_id, email, verified, "primary")
select identity_id, email, true, true from demo_crowd;

insert into users (id, tenant_id, identity_id)
select user_id, %(tenant)s, identity_id from demo_crowd;

insert into tenants_profile (id, tenant_id, user_id, email, display_name, updated_at)
select (head || tail || '01')::uuid, %(tenant)s, user_id, email, name, came from demo_crowd;

insert into endusers_enduser (user_id, tenant_id, status, plan_tier_id, created_at, first_consent_at, last_seen_at,
                              suspended_at, suspended_by, suspended_reason)
select user_id, %(tenant)s, case when suspended then 'suspended' else 'active' end, tier_id, came, came, seen,
       case when suspended then seen end, case when suspended then %(owner)s::uuid end,
       case when suspended then reason else '' end
  from demo_crowd;

insert into endusers_endusertier (id, tenant_id, user_id, plan_tier_id, from_at)
select (head || tail || '02')::uuid, %(tenant)s, user_id, tier_id, came from demo_crowd;

insert into endusers_standingchange
       (id, tenant_id, user_id, capacity, from_status, to_status, from_type, to_type, at, by, reason)
select (head || tail || '03')::uuid, %(tenant)s, user_id, 'end_user', '', 'active', '', '', came, null::uuid, ''
  from demo_crowd
union all
select (overlay(head placing lpad(to_hex((extract(epoch from seen) * 1000)::bigint), 12, '0') from 1 for 12)
         || tail || '04')::uuid,
       %(tenant)s, user_id, 'end_user', 'active', 'suspended', '', '', seen, %(owner)s::uuid, reason
  from demo_crowd where suspended;

insert into oauth_consent (id, tenant_id, user_id, client_id, application_id, scopes, created_at, updated_at)
select (head || tail || '05')::uuid, %(tenant)s, user_id, client_id, %(application)s, %(scopes)s::text[], came, came
  from demo_crowd;

insert into audit_event (id, tenant_id, at, actor_kind, actor_id, actor_name, actor_capacity, action, target_kind,
                         target_id, target_name, reason, via, request_id, policies, after)
select (head || tail || '06')::uuid, %(tenant)s, came, 'end_user', user_id, name, '', 'end_user.appeared', 'end_user',
       user_id, name, '', 'oauth', '', '{}'::text[], jsonb_build_object('plan_tier', tier, 'plan_tier_name', tier_name)
  from demo_crowd
union all
select (overlay(head placing lpad(to_hex((extract(epoch from seen) * 1000)::bigint), 12, '0') from 1 for 12)
         || tail || '07')::uuid,
       %(tenant)s, seen, 'member', %(owner)s::uuid, %(owner_name)s, 'owner', 'end_user.suspended', 'end_user',
       user_id, name, reason, 'console', '', '{}'::text[], '{"status": "suspended"}'::jsonb
  from demo_crowd where suspended;
