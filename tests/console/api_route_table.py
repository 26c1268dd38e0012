"""The routes of the management API in a tenant, and who may pass: a part of the route table."""

from tests.console.route_rows import ANYONE_IN, CONTRACTOR, Row, api

API_ROWS: dict[str, Row] = {
    # management API, in a tenant
    "api/orgs/<uuid:tenant_id>/invite": api(
        POST="org:invite",
        bodies={"POST": {"email": "ida@new.example", "role": "contractor"}},
        more=CONTRACTOR,
    ),
    "api/orgs/<uuid:tenant_id>/invitations": api(GET="org:invite"),
    "api/orgs/<uuid:tenant_id>/invitations/<uuid:invitation_id>": api(GET="org:invite", DELETE="org:invite"),
    "api/orgs/<uuid:tenant_id>/invitations/<uuid:invitation_id>/resend": api(
        POST="org:invite", more=CONTRACTOR
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/memberships": api(GET="team:read"),
    "uflow/v2/tenants/<uuid:tenant_id>/memberships/<uuid:member_id>": api(
        GET="team:read",
        PATCH="team:update",
        DELETE="team:update",
        bodies={"PATCH": {"status": "suspended", "reason": "a reason"}},
    ),
    "api/orgs/<uuid:tenant_id>/members": api(GET="team:read"),
    "api/orgs/<uuid:tenant_id>/members/<uuid:member_id>": api(
        GET="team:read",
        PATCH="team:update",
        DELETE="team:update",
        bodies={"PATCH": {"status": "suspended", "reason": "a reason"}},
    ),
    "api/orgs/<uuid:tenant_id>": api(
        GET="org:read", PATCH="org:update", bodies={"PATCH": {"name": "Another name"}}
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users": api(GET="endusers:read"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/bulk": api(
        POST="endusers:read",
        bodies={"POST": {"action": "set_plan_tier", "params": {"plan_tier": "pro"}, "filter": {}}},
        more=("endusers:update",),
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/bulk/<uuid:bulk_job_id>/left-out": api(
        GET="endusers:read", more=("endusers:update",)
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/bulk/<uuid:bulk_job_id>/undo": api(
        POST="endusers:read", more=("endusers:update",)
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/imports": api(
        POST="endusers:update", bodies={"POST": {"csv": "email,plan_tier\nada@inbox.example,pro\n"}}
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/imports/<uuid:upload_id>": api(GET="endusers:update"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/imports/<uuid:upload_id>/lines": api(GET="endusers:update"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/imports/<uuid:upload_id>/put-into-force": api(
        POST="endusers:update"
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>": api(
        GET="endusers:read", PATCH="endusers:update", bodies={"PATCH": {"plan_tier": "pro"}}
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/suspend": api(
        POST="endusers:suspend", bodies={"POST": {"reason": "a reason"}}
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/reactivate": api(POST="endusers:suspend"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/plan-tier": api(
        POST="endusers:update", bodies={"POST": {"plan_tier": "pro", "reference": "a call"}}
    ),
    "uflow/v2/plan-tiers": api(
        GET="plan_tiers:read",
        POST="plan_tiers:manage",
        bodies={"POST": {"key": "gold", "name": "a new tier"}},
    ),
    "uflow/v2/plan-tiers/<slug:plan_tier>": api(
        GET="plan_tiers:read", PATCH="plan_tiers:manage", DELETE="plan_tiers:manage"
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/revoke-tokens": api(POST="tokens:revoke"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/revoke-connections": api(
        POST="tokens:revoke"
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/connections": api(GET="tokens:read"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/connections/<uuid:consent_id>": api(
        DELETE="tokens:revoke"
    ),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/tokens": api(GET="tokens:read"),
    "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>/tokens/<uuid:token_id>": api(
        DELETE="tokens:revoke"
    ),
    "uflow/v2/users/<uuid:user_id>/effective-access": api(GET="effective_access:read"),
    "uflow/v2/explain-token": api(POST="tokens:read", bodies={"POST": {"token": "$token_id"}}),
    "uflow/v2/applications/<uuid:application_id>/usage": api(GET="tokens:read"),
    "uflow/v2/applications/<uuid:application_id>/top-callers": api(GET="tokens:read"),
    "uflow/v2/who-has": api(GET="effective_access:read"),
    "uflow/v2/simulate": api(
        POST="effective_access:read",
        bodies={"POST": {"change": {"kind": "archive_group", "group_id": "$group_id"}}},
    ),
    "uflow/v2/groups": api(GET="groups:read", POST="groups:manage", bodies={"POST": {"name": "a new group"}}),
    "uflow/v2/groups/<uuid:group_id>": api(GET="groups:read", PATCH="groups:manage", DELETE="groups:manage"),
    "uflow/v2/groups/<uuid:group_id>/end-access": api(POST="bindings:end"),
    "uflow/v2/groups/<uuid:group_id>/members": api(
        GET="groups:read", POST="groups:manage", bodies={"POST": {"user_ids": ["$member_id"]}}
    ),
    "uflow/v2/groups/<uuid:group_id>/members/<uuid:user_id>": api(DELETE="groups:manage"),
    "uflow/v2/groups/<uuid:group_id>/role-bindings": api(
        GET="bindings:read", POST="bindings:create", bodies={"POST": {"role_id": "$role_id"}}
    ),
    "uflow/v2/roles": api(GET="roles:read", POST="roles:manage", bodies={"POST": {"name": "a new role"}}),
    "uflow/v2/roles/<uuid:role_id>": api(GET="roles:read", PATCH="roles:manage", DELETE="roles:manage"),
    "uflow/v2/bindings": api(
        GET="bindings:read",
        POST="bindings:create",
        bodies={"POST": {"role_id": "$role_id", "user_id": "$member_id"}},
    ),
    "uflow/v2/bindings/<uuid:binding_id>": api(
        GET="bindings:read", PATCH="bindings:create", DELETE="bindings:end"
    ),
    "uflow/v2/applications": api(
        GET="apps:read",
        POST="apps:manage",
        bodies={"POST": {"name": "a new one", "kind": "api", "resource_uri": "http://localhost:9876/new"}},
    ),
    "uflow/v2/applications/<uuid:application_id>": api(
        GET="apps:read", PATCH="apps:manage", DELETE="apps:manage"
    ),
    "uflow/v2/applications/<uuid:application_id>/logo": api(
        PUT="apps:manage",
        DELETE="apps:manage",
        bodies={"PUT": {"logo": "R0lGODdhAQABAIAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw=="}},
    ),
    "uflow/v2/applications/<uuid:application_id>/verify": api(POST="apps:manage"),
    "uflow/v2/applications/<uuid:application_id>/scopes": api(
        GET="apps:read",
        POST="apps:manage",
        PUT="apps:manage",
        bodies={"POST": {"scopes": []}, "PUT": {"scopes": []}},
    ),
    "uflow/v2/applications/<uuid:application_id>/scopes/<path:scope_name>": api(
        GET="apps:read", PATCH="apps:manage", DELETE="apps:manage"
    ),
    "uflow/v2/applications/<uuid:application_id>/tools": api(GET="apps:read"),
    "uflow/v2/applications/<uuid:application_id>/tools/<path:tool_name>": api(
        GET="apps:read", PATCH="apps:manage", bodies={"PATCH": {"is_public": True}}
    ),
    "uflow/v2/applications/<uuid:application_id>/credentials": api(GET="apps:read", POST="apps:manage"),
    "uflow/v2/applications/<uuid:application_id>/credentials/<slug:credential_key>": api(
        DELETE="apps:manage"
    ),
    "uflow/v2/applications/<uuid:application_id>/rotate-secret": api(POST="apps:manage"),
    "uflow/v2/service-accounts": api(
        GET="service_accounts:read",
        POST="service_accounts:manage",
        bodies={"POST": {"name": "a new account"}},
    ),
    "uflow/v2/service-accounts/<uuid:account_id>": api(
        GET="service_accounts:read", PATCH="service_accounts:manage", DELETE="service_accounts:manage"
    ),
    "uflow/v2/service-accounts/<uuid:account_id>/operators": api(
        GET="service_accounts:read",
        POST="service_accounts:manage",
        bodies={"POST": {"user_ids": ["$member_id"]}},
    ),
    "uflow/v2/service-accounts/<uuid:account_id>/operators/<uuid:user_id>": api(
        DELETE="service_accounts:manage"
    ),
    "uflow/v2/service-accounts/<uuid:account_id>/keys": api(
        GET="service_accounts:read",
        PUT="service_accounts:manage",
        DELETE="service_accounts:manage",
        bodies={"PUT": {"jwks_uri": "https://keys.example/jwks.json"}},
    ),
    "uflow/v2/service-accounts/<uuid:account_id>/old-secret": api(DELETE="service_accounts:manage"),
    "uflow/v2/service-accounts/<uuid:account_id>/rotate-secret": api(POST="service_accounts:manage"),
    "uflow/v2/clients": api(
        GET="clients:read",
        POST="clients:manage",
        bodies={"POST": {"name": "a new client", "redirect_uris": ["http://127.0.0.1/new"]}},
    ),
    "uflow/v2/clients/<uuid:client_pk>": api(
        GET="clients:read", PATCH="clients:manage", DELETE="clients:manage"
    ),
    "uflow/v2/clients/<uuid:client_pk>/keys": api(
        GET="clients:read",
        PUT="clients:manage",
        DELETE="clients:manage",
        bodies={"PUT": {"jwks_uri": "https://keys.example/jwks.json"}},
    ),
    "uflow/v2/client-policy": api(
        GET="clients:read",
        PUT="clients:approve",
        bodies={"PUT": {"metadata_policy": "review", "registration_policy": "open"}},
    ),
    "uflow/v2/clients/<uuid:client_pk>/limits": api(PUT="clients:approve", DELETE="clients:approve"),
    "uflow/v2/clients/<uuid:client_pk>/rotate-secret": api(POST="clients:manage"),
    "uflow/v2/clients/<uuid:client_pk>/approve": api(POST="clients:approve"),
    "uflow/v2/clients/<uuid:client_pk>/deny": api(POST="clients:approve"),
    "uflow/v2/audit-events": api(GET="audit:read"),
    "uflow/v2/audit-events/<uuid:event_id>": api(GET="audit:read"),
    "uflow/v2/audit-events/export": api(POST="audit:export"),
    "uflow/v2/jobs": api(GET=ANYONE_IN),
    "uflow/v2/jobs/<uuid:job_id>": api(GET="audit:export"),
    "uflow/v2/jobs/<uuid:job_id>/cancel": api(POST="audit:export"),
    "uflow/v2/jobs/<uuid:job_id>/result": api(GET="audit:export"),
}
