"""Every route of the installation, and who may pass: the table that ``test_every_route`` walks.

A row says it a second time, independently of the marks in the code: a changed mark shows up as a failing row.
``gets`` and ``posts`` name the console permission that the method needs; ANYONE_IN means any active member.
"""

from tests.console.api_route_table import API_ROWS
from tests.console.route_rows import (
    ANYONE_IN,
    API,
    CONSOLE,
    NOBODYS,
    OWN,
    PROTOCOL,
    PUBLIC,
    SELF,
    Row,
    asks,
    deed,
    own,
    page,
    protocol,
    public,
)
from tests.console.sign_in_routes import FOR_ANYBODY, FOR_WHO_IS_IN

__all__ = ["ANYONE_IN", "API", "ASK_AGAIN", "CONSOLE", "OWN", "PROTOCOL", "PUBLIC", "ROWS", "SELF"]

ROWS: dict[str, Row] = {
    # the front door
    "": public(),
    "healthz": public(),
    "readyz": public(),
    "metrics": public(),
    "styleguide/": public(),
    "dev/mail/": public(),
    "dev/mail/<str:name>": Row(PUBLIC, {"GET": 404}, url="/dev/mail/nothing.eml"),
    # one's own account
    "account/": own(),
    "account/name/": own(),
    "account/tenants/": own(),
    "account/tenants/new/": own(GET=None, POST=None),
    "account/tenants/<uuid:tenant_id>/leave/": own(GET=None, POST=None),
    "account/tenants/<uuid:tenant_id>/reopen/": own(GET=404, POST=None),  # nobody's, while it is open
    "account/connections/": own(),
    "account/connections/give/": own(GET=404, POST=None),  # without a workload's link
    "account/connections/<uuid:consent_id>/withdraw/": own(GET=404, POST=None),  # nobody's but the end user's
    "account/connections/clients/<uuid:client_id>/withdraw/": own(GET=404, POST=None),
    "account/step-up/": own(),
    "account/step-up/done/": own(),
    "account/confirmed/": own(),
    "account/links/": own(POST=None, GET=None),
    "account/second-factor/": own(),
    "account/data/": own(),
    "account/data/export/": own(POST=None),
    "account/data/export/<uuid:export_id>/": own(url=f"/account/data/export/{NOBODYS}/", GET=404),
    "account/delete/": own(GET=None, POST=None),
    "account/activity/": own(),
    "account/sessions/": own(),
    "account/sessions/end-others/": own(POST=None),
    "account/sessions/<uuid:sid>/end/": own(url=f"/account/sessions/{NOBODYS}/end/", POST=None),
    "account/trusted-browser/forget/": own(POST=None),
    "account/trusted-browser/<uuid:browser_id>/forget/": own(
        url=f"/account/trusted-browser/{NOBODYS}/forget/", POST=None
    ),
    "account/passkeys/": own(),
    "account/passkeys/add/": own(GET=None, POST=None),
    "account/passkeys/<int:passkey_id>/name/": own("/account/passkeys/0/name/", GET=404, POST=None),
    "account/passkeys/<int:passkey_id>/remove/": own("/account/passkeys/0/remove/", GET=404, POST=None),
    "accounts/passkeys/options/<slug:purpose>/": Row(
        PUBLIC, {"POST": None}, url="/accounts/passkeys/options/sign-in/"
    ),
    "accounts/passkeys/sign-in/": public(
        POST=(422, 302)
    ),  # without a passkey; whoever is signed in is led on
    "accounts/passkeys/confirm/": own(POST=None),
    # a device's code, and what it asks for
    "device/": own(GET=None, POST=None),
    "device/allow/": own(GET=404, POST=404),  # without the code of a device that waits
    # an invitation: whoever holds the link
    "invitations/<str:token>/": Row(PUBLIC, {"GET": 404}, url="/invitations/nothing/"),
    # the front page
    "t/<slug:slug>/": page("apps:read"),  # leads to the first page that this member may open, if there is one
    "t/<slug:slug>/start/": page("apps:read"),
    # End Users
    "t/<slug:slug>/end-users/": page("endusers:read"),
    "t/<slug:slug>/end-users/overview/": page("endusers:read"),
    "t/<slug:slug>/end-users/views/": asks("endusers:read"),
    "t/<slug:slug>/end-users/columns/": deed("endusers:read"),
    "t/<slug:slug>/end-users/bulk/": page("endusers:read", "endusers:read"),  # each verb asks for its own
    "t/<slug:slug>/end-users/import/": asks("endusers:update"),
    "t/<slug:slug>/end-users/import/<uuid:upload_id>/": asks("endusers:update"),
    "t/<slug:slug>/end-users/jobs/<uuid:bulk_job_id>/": page("endusers:read", more=("endusers:update",)),
    "t/<slug:slug>/end-users/jobs/<uuid:bulk_job_id>/undo/": asks("endusers:read", more=("endusers:update",)),
    "t/<slug:slug>/end-users/<uuid:user_id>/": page("endusers:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/activity/": page("audit:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/limits/": page("endusers:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/limit/": asks("endusers:update"),
    "t/<slug:slug>/end-users/<uuid:user_id>/limit/clear/": asks("endusers:update"),
    "t/<slug:slug>/end-users/<uuid:user_id>/calls/": page("endusers:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/json/": page("endusers:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/access/": page("effective_access:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/connections/": page("tokens:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/connections/withdraw/": asks("tokens:revoke"),
    "t/<slug:slug>/end-users/<uuid:user_id>/tokens/": page("tokens:read"),
    "t/<slug:slug>/end-users/<uuid:user_id>/tokens/revoke/": asks("tokens:revoke"),
    "t/<slug:slug>/end-users/<uuid:user_id>/tokens/<uuid:token_id>/revoke/": asks("tokens:revoke"),
    "t/<slug:slug>/end-users/<uuid:user_id>/suspend/": asks("endusers:suspend"),
    "t/<slug:slug>/end-users/<uuid:user_id>/reactivate/": asks("endusers:suspend"),
    "t/<slug:slug>/end-users/<uuid:user_id>/plan-tier/": asks("endusers:update"),
    "t/<slug:slug>/end-users/<uuid:user_id>/plan-tier/effect/": page("endusers:update"),
    # the audit log
    "t/<slug:slug>/audit/": page("audit:read"),
    "t/<slug:slug>/audit/export/": asks("audit:export"),
    # jobs: one's own, and those of a kind whose permission one holds
    "t/<slug:slug>/jobs/": page(ANYONE_IN),
    "t/<slug:slug>/jobs/<uuid:job_id>/": page("audit:export"),
    "t/<slug:slug>/jobs/<uuid:job_id>/cancel/": deed("audit:export"),
    "t/<slug:slug>/jobs/<uuid:job_id>/again/": deed("audit:export"),
    "t/<slug:slug>/jobs/<uuid:job_id>/result/": page("audit:export"),
    # Settings
    "t/<slug:slug>/settings/": page("org:read"),
    "t/<slug:slug>/settings/name/": asks("org:update"),
    "t/<slug:slug>/settings/slug/": asks("org:update"),
    "t/<slug:slug>/settings/transfer/": asks("org:transfer"),
    "t/<slug:slug>/settings/transfer/<uuid:transfer_id>/": asks(ANYONE_IN),  # to whom it was offered
    "t/<slug:slug>/settings/transfer/<uuid:transfer_id>/cancel/": deed("org:transfer"),
    "t/<slug:slug>/settings/close/": asks("org:close"),
    "t/<slug:slug>/settings/close/tokens/": page("org:close"),
    "t/<slug:slug>/settings/security/": page("org:read"),
    "t/<slug:slug>/settings/security/second-factor/": asks("org:update"),
    "t/<slug:slug>/settings/security/second-factor/release/": asks("org:update"),
    "t/<slug:slug>/settings/team/": page("team:read"),
    "t/<slug:slug>/settings/team/export/": deed("team:read"),
    "t/<slug:slug>/settings/team/invite/": asks("org:invite"),
    "t/<slug:slug>/settings/team/invitations/<uuid:invitation_id>/resend/": asks("org:invite"),
    "t/<slug:slug>/settings/team/invitations/<uuid:invitation_id>/revoke/": asks("org:invite"),
    "t/<slug:slug>/settings/team/<uuid:member_id>/": page("team:read"),
    "t/<slug:slug>/settings/team/<uuid:member_id>/suspend/": asks("team:update"),
    "t/<slug:slug>/settings/team/<uuid:member_id>/reactivate/": asks("team:update"),
    "t/<slug:slug>/settings/team/<uuid:member_id>/type/": asks("team:update"),
    "t/<slug:slug>/settings/team/<uuid:member_id>/remove/": asks("team:update"),
    # Applications
    "t/<slug:slug>/applications/": page("apps:read"),
    "t/<slug:slug>/applications/new/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/edit/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/scopes/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/tools/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/tools/accept/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/tools/<uuid:tool_id>/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/disable/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/enable/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/archive/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/address/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/address/verify/": deed("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/launch/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/connect/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/try/": asks("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/usage/": page("tokens:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/usage/export/": deed("tokens:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/activity/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/credentials/": page("apps:read"),
    "t/<slug:slug>/applications/<uuid:application_id>/credentials/issue/": deed("apps:manage"),
    "t/<slug:slug>/applications/<uuid:application_id>/credentials/<uuid:credential_id>/end/": asks(
        "apps:manage"
    ),
    # OAuth clients, and people's connections to them
    "t/<slug:slug>/clients/": page("clients:read"),
    "t/<slug:slug>/clients/policy/": asks("clients:approve"),
    "t/<slug:slug>/clients/new/": asks("clients:manage"),
    "t/<slug:slug>/clients/<uuid:client_id>/": page("clients:read"),
    "t/<slug:slug>/clients/<uuid:client_id>/people/": page("clients:read"),
    "t/<slug:slug>/clients/<uuid:client_id>/limits/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/approve/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/deny/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/disable/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/reactivate/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/lift/": asks("clients:approve"),
    "t/<slug:slug>/clients/<uuid:client_id>/edit/": asks("clients:manage"),
    "t/<slug:slug>/clients/<uuid:client_id>/rotate/": asks("clients:manage"),
    "t/<slug:slug>/clients/<uuid:client_id>/remove/": asks("clients:manage"),
    "t/<slug:slug>/clients/<uuid:client_id>/keys/": asks("clients:manage"),
    "t/<slug:slug>/clients/<uuid:client_id>/keys/remove/": asks("clients:manage"),
    "t/<slug:slug>/users/<uuid:user_id>/connections/": page("tokens:read"),
    "t/<slug:slug>/users/<uuid:user_id>/connections/<uuid:consent_id>/revoke/": asks("tokens:revoke"),
    "t/<slug:slug>/users/<uuid:user_id>/workloads/": page("tokens:read"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/acts-for/": page("service_accounts:read"),
    "t/<slug:slug>/users/<uuid:user_id>/consequence/": page("tokens:read"),
    "t/<slug:slug>/users/<uuid:user_id>/revoke/": asks("endusers:suspend"),
    # Authz
    "t/<slug:slug>/authz/roles/": page("roles:read"),
    "t/<slug:slug>/authz/roles/new/": asks("roles:manage"),
    "t/<slug:slug>/authz/roles/<uuid:role_id>/": page("roles:read"),
    "t/<slug:slug>/authz/roles/<uuid:role_id>/edit/": asks("roles:manage"),
    "t/<slug:slug>/authz/roles/<uuid:role_id>/archive/": asks("roles:manage"),
    "t/<slug:slug>/authz/bindings/": page("bindings:read"),
    "t/<slug:slug>/authz/bindings/new/": asks("bindings:create"),
    "t/<slug:slug>/authz/bindings/ending/": page("bindings:read"),
    "t/<slug:slug>/authz/bindings/new/effect/": deed("bindings:create"),
    "t/<slug:slug>/authz/bindings/<uuid:binding_id>/": page("bindings:read"),
    "t/<slug:slug>/authz/bindings/<uuid:binding_id>/change/": asks("bindings:create"),
    "t/<slug:slug>/authz/bindings/<uuid:binding_id>/end/": asks("bindings:end"),
    "t/<slug:slug>/authz/bindings/<uuid:binding_id>/again/": deed("bindings:create"),
    "t/<slug:slug>/settings/plan-tiers/": page("plan_tiers:read"),
    "t/<slug:slug>/settings/plan-tiers/new/": asks("plan_tiers:manage"),
    "t/<slug:slug>/settings/plan-tiers/<slug:key>/": page("plan_tiers:read"),
    "t/<slug:slug>/settings/plan-tiers/<slug:key>/edit/": asks("plan_tiers:manage"),
    "t/<slug:slug>/settings/plan-tiers/<slug:key>/default/": asks("plan_tiers:manage"),
    "t/<slug:slug>/settings/plan-tiers/<slug:key>/retire/": asks("plan_tiers:manage"),
    "t/<slug:slug>/authz/groups/": page("groups:read"),
    "t/<slug:slug>/authz/groups/new/": asks("groups:manage"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/": page("groups:read"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/edit/": asks("groups:manage"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/history/": page("groups:read"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/end-access/": asks("bindings:end"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/members/": asks("groups:manage"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/members/remove/": asks("groups:manage"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/members/<uuid:user_id>/remove/": asks("groups:manage"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/give/": asks("bindings:create"),
    "t/<slug:slug>/authz/groups/<uuid:group_id>/archive/": asks("groups:manage"),
    "t/<slug:slug>/authz/service-accounts/": page("service_accounts:read"),
    "t/<slug:slug>/authz/service-accounts/new/": asks("service_accounts:manage"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/": page("service_accounts:read"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/edit/": asks("service_accounts:manage"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/history/": page("service_accounts:read"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/operators/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/operators/<uuid:member_id>/remove/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/give/": asks("bindings:create"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/end/": asks("service_accounts:manage"),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/": page(
        "service_accounts:read"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/keys/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/keys/remove/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/rotate/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/old/end/": asks(
        "service_accounts:manage"
    ),
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/consequence/": page(
        "service_accounts:read"
    ),
    "t/<slug:slug>/authz/effective-access/": page("effective_access:own"),
    "t/<slug:slug>/authz/effective-access/requests/": page("tokens:read"),
    "t/<slug:slug>/authz/effective-access/token/": asks("tokens:read"),
    "t/<slug:slug>/authz/effective-access/text/": page("effective_access:own"),
    "t/<slug:slug>/authz/effective-access/ways/": page("effective_access:own"),
    "t/<slug:slug>/authz/effective-access/who-has/": page("effective_access:read"),
    "t/<slug:slug>/authz/effective-access/who-has/export/": deed("effective_access:read"),
    "t/<slug:slug>/authz/effective-access/what-if/": page("effective_access:read"),
    "t/<slug:slug>/authz/effective-access/what-if/all/": deed("effective_access:read"),
    "t/<slug:slug>/authz/users/<uuid:user_id>/access/": page("endusers:read"),
    "t/<slug:slug>/authz/policies/": page("policies:read"),
    # oauth: what its RFCs say to a request that brings nothing
    ".well-known/oauth-authorization-server": protocol(GET=(200,)),
    ".well-known/oauth-authorization-server/<path:path>": Row(
        PROTOCOL, {"GET": (200, 404)}, url="/.well-known/oauth-authorization-server/mcp"
    ),
    ".well-known/openid-configuration": protocol(GET=(200,)),
    ".well-known/openid-configuration/<path:path>": Row(
        PROTOCOL, {"GET": (200, 404)}, url="/.well-known/openid-configuration/mcp"
    ),
    ".well-known/oauth-protected-resource/api": protocol(GET=(200,)),
    "applications/<uuid:application_id>/logo/<slug:digest>.png": Row(
        PUBLIC, {"GET": 404}, url="/applications/00000000-0000-7000-8000-000000000000/logo/0.png"
    ),
    "applications/<uuid:application_id>/protected-resource-metadata": Row(
        PROTOCOL, {"GET": (200,)}, tells=True
    ),
    "oauth/authorize": protocol(GET=(400,), POST=(400,)),
    "oauth/logout": protocol(GET=(200,), POST=(400,)),  # the test posts no form
    "oauth/logout/confirm": public(POST=None),
    "oauth/token": protocol(GET=(405,), POST=(400, 401)),
    "oauth/device_authorization": protocol(GET=(405,), POST=(400, 401)),
    "oauth/introspect": protocol(GET=(405,), POST=(400, 401)),
    "oauth/revoke": protocol(GET=(405,), POST=(400, 401)),
    "oauth/register": protocol(GET=(405,), POST=(400,)),
    "oauth/register/<slug:client_id>": Row(
        PROTOCOL,
        {"GET": (401,), "PUT": (401,), "DELETE": (401,)},
        url="/oauth/register/nobody",
    ),
    "oauth/userinfo": protocol(GET=(401,), POST=(401,)),
    "oauth/jwks": protocol(GET=(200,)),
    "oauth/client-logos/<slug:digest>": Row(PROTOCOL, {"GET": (404,)}, url=f"/oauth/client-logos/{'0' * 64}"),
    "authsec/resource-servers/<uuid:application_id>/sdk-policy": protocol(GET=(401,)),
    "authsec/resource-servers/<uuid:application_id>/sdk-manifest": protocol(PUT=(401,)),
    # management API: its description, and about oneself
    "api/schema": public(),
    "api/docs/": public(),
    "api/me": Row(SELF, {"GET": None}),
    "api/me/memberships": Row(SELF, {"GET": None}),
    "api/orgs": Row(SELF, {"POST": None}),
    "api/me/memberships/<uuid:tenant_id>": Row(SELF, {"DELETE": None}),
    "api/invitations/<str:token>": Row(PUBLIC, {"GET": 404}, url="/api/invitations/nothing"),
    "api/invitations/<str:token>/accept": Row(SELF, {"POST": 404}, url="/api/invitations/nothing/accept"),
} | API_ROWS
# Routes that go on only soon after the person confirmed who they are (``@reauthenticate``).
ASK_AGAIN = {
    "account/passkeys/add/",
    "account/passkeys/<int:passkey_id>/remove/",
    "account/tenants/<uuid:tenant_id>/reopen/",
    "t/<slug:slug>/settings/close/",
    "t/<slug:slug>/settings/transfer/",
    "t/<slug:slug>/settings/transfer/<uuid:transfer_id>/",
    "account/links/",
    "account/data/export/",
    "account/data/export/<uuid:export_id>/",
    "account/delete/",
    "t/<slug:slug>/applications/<uuid:application_id>/credentials/issue/",
    "t/<slug:slug>/clients/new/",
    "t/<slug:slug>/clients/<uuid:client_id>/rotate/",
    "t/<slug:slug>/clients/<uuid:client_id>/keys/",
    "t/<slug:slug>/clients/<uuid:client_id>/keys/remove/",
    "t/<slug:slug>/applications/<uuid:application_id>/credentials/<uuid:credential_id>/end/",
    "t/<slug:slug>/authz/roles/new/",
    "t/<slug:slug>/authz/roles/<uuid:role_id>/edit/",
    "t/<slug:slug>/authz/roles/<uuid:role_id>/archive/",
    "t/<slug:slug>/authz/service-accounts/new/",
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/keys/",
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/keys/remove/",
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/rotate/",
    "t/<slug:slug>/authz/service-accounts/<uuid:service_account_id>/credentials/old/end/",
    "t/<slug:slug>/settings/security/second-factor/",
    "t/<slug:slug>/settings/security/second-factor/release/",
    "t/<slug:slug>/settings/team/<uuid:member_id>/type/",
}
# Pages of allauth.
ROWS |= {path: Row(PUBLIC, {"GET": None}, url) for path, url in FOR_ANYBODY.items()}
ROWS |= {path: own() for path in FOR_WHO_IS_IN}
# Links that nobody was ever sent.
ROWS |= {
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": Row(
        PUBLIC, {"GET": 404}, "/accounts/confirm-email/a-key-that-never-was/"
    ),
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Row(
        PUBLIC, {"GET": 400}, "/accounts/password/reset/key/1a-nothing/"
    ),
}
