"""The small story that the OpenAPI document's examples tell, so that an id in one answer is found in the next.

acme-corp protects deploy-mcp; Alice is on call and has invited Nina, release-bot rolls out, Ed is a consumer on the
free tier. :mod:`authsec.console.examples` makes the examples.
"""

from typing import Any

from django.conf import settings

ACME = "019a3c5e-7f10-7c4d-8b2a-5d1e9f0a6c31"
ALICE = "019a3c60-11a4-7e02-9c57-3b8d2f4e6a90"
ED = "019a4417-5be2-7d38-a6f1-0c9e7b2d4f58"
DEPLOY_MCP = "019a3c71-94c8-7a16-b0d3-e2f58a1c7b44"
OPERATOR_ROLE = "019a3c74-02de-7f49-8e6b-17a3c5d90f2e"
ON_CALL = "019a3c75-c3b0-7b8e-9a24-6f0d1e8c2b57"
BINDING = "019a3c78-4f9a-7160-a8c5-9d2b7e3f0c16"
RELEASE_BOT = "019a3c7d-8e21-7d95-b36f-04c8a2e7f1d9"
ACME_DESK = "019a3c82-6a07-7c3b-8f10-d5e9b4a2c768"
INVITED = "019a3c8b-2f70-7d14-9e35-c6a1f8b07d42"
NINA = "019a3c8f-71d6-7b29-84c0-5e3f9d1a6b87"
EVENT = "019a4d03-1c5f-7e84-92ab-7b0f6d3e8a15"
JOB = "019a4d10-7b3e-7f62-8c05-e1a9d4f70b38"
BOT_CLIENT = "as_cl_Xq3vT8mZkR5wB1nYcJ7dLhF0sGpU2aEo"
DESK_CLIENT = "as_cl_p9KfWz2sVb6TtQ4yMxN8rHcJ1uDgL0eA"
CREDENTIAL = "as_rc_h7Lw3QnTzYx5VbKd9RfMc2JpGs8UaE1o"
REQUEST_ID = "3f9c1d7e5b2a4860"
EARLIER, LATER, NOW = "2026-03-02T08:30:00Z", "2026-12-31T23:59:59Z", "2026-06-18T14:05:12Z"
ROLLOUT = {"name": "deploy:run", "description": "Roll out a release", "risk": "high", "is_default": False}
ROLL_OUT: dict[str, Any] = {
    "name": "roll_out",
    "title": "Roll out",
    "description": "Rolls a version out to staging or production.",
    "input_schema": {"type": "object", "properties": {"version": {"type": "string"}}},
    "annotations": {"destructiveHint": True},
    "suggested_scopes": ["deploy:run"],
    "is_public": False,
    "required_scopes": ["deploy:run"],
    "decided_at": NOW,
    "decided_by": ALICE,
    "published_at": EARLIER,
    "changed_at": None,
    "ended_at": None,
}
INVITATION: dict[str, Any] = {
    "id": INVITED,
    "email": "nina@partner.example",
    "type": "contractor",
    "role": "contractor",
    "message": "The pull requests of this week are waiting for you.",
    "state": "pending",
    "invited_by": {"user_id": ALICE, "name": "Alice"},
    "created_at": EARLIER,
    "sent_at": EARLIER,
    "expires_at": LATER,
    "accepted_at": None,
    "accepted_by": None,
    "declined_at": None,
    "revoked_at": None,
}

# "Schema.member" (a schema's family: without Patched, New, Input and Change), or a member of any schema.
TOLD: dict[str, Any] = {
    "tenant_id": ACME,
    "user_id": ALICE,
    "member_id": ALICE,
    "user_ids": [ALICE],
    "group_id": ON_CALL,
    "role_id": OPERATOR_ROLE,
    "binding_id": BINDING,
    "application_id": DEPLOY_MCP,
    "application_ids": [DEPLOY_MCP],
    "account_id": RELEASE_BOT,
    "service_account_id": RELEASE_BOT,
    "client_pk": ACME_DESK,
    "event_id": EVENT,
    "credential_key": CREDENTIAL,
    "scope_name": "deploy:run",
    "role_name": "Deploy Operator",
    "application_name": "deploy-mcp",
    "email": "alice@acme.example",
    "emails": ["alice@acme.example"],
    "display_name": "Alice",
    "name": "Alice",
    "reason": "Night shift of June",
    "status": "active",
    "source": "manual",
    "scopes": ["deploy:run"],
    "console_permissions": ["apps:read"],
    "redirect_uris": ["http://127.0.0.1:8712/callback"],
    "post_logout_redirect_uris": ["https://desk.example/signed-out"],
    "backchannel_logout_uri": "https://desk.example/oidc/signed-out",
    "client_id": DESK_CLIENT,
    "client_secret": "as_cs_N4tYb8QwZr6KfXm2VdLp9HsJc1GuTa7EoRi3",
    "created_at": EARLIER,
    "joined_at": EARLIER,
    "added_at": NOW,
    "last_used_at": NOW,
    "last_seen_at": NOW,
    "expires_at": LATER,
    "created_by": ALICE,
    "ended_at": None,
    "left_at": None,
    "invited_by": None,
    "suspended_at": None,
    "suspended_by": None,
    "suspended_reason": "",
    "request_id": REQUEST_ID,
    "next": None,
    "count": 1,
    "count_is_estimate": False,
    "limit": 50,
    "cursor": "WyJjcmVhdGVkX2F0IiwwLCIyMDI2LTAzLTAyVDA4OjMwOjAwKzAwOjAwIiwiMDE5YTNjNzUiXQ",
    "plan_tier": "free",
    "Me.id": "019a3c5f-2d83-7a6e-b1c9-8f4e0d7a5b62",
    "Me.issuer": settings.ISSUER,
    "Me.token_refresh_required": False,
    "TenantCard": {"id": ACME, "slug": "acme-corp", "name": "Acme Corp", "plan": "business"},
    "MembershipItem.type": "admin",
    "Member.type": "contractor",
    "Member.source": "invite",
    "invitation_id": INVITED,
    "token": "Jx3nVb7kQ0ZyTf5RmLw9PcHs2GdUa8EoXi4NtKv6BqM",
    "Invitation": INVITATION,
    "InvitedOne": INVITATION | {"outcome": "sent"},
    "Offer": {name: INVITATION[name] for name in ("email", "type", "role", "message", "expires_at", "state")}
    | {"tenant": {"name": "Acme Corp"}, "invited_by": {"name": "Alice"}},
    "OwnMembership": {"user_id": NINA, "type": "contractor", "status": "active", "joined_at": NOW},
    "Accepted.token_refresh_required": True,
    "EndUser.user_id": ED,
    "EndUser.email": "ed@consumer.example",
    "EndUser.display_name": "Ed",
    "EndUser.plan_tier": "pro",
    "EndUser.first_consent_at": EARLIER,
    "EndUser.applications": ["deploy-mcp"],
    "RateLimit": {"limit": 600, "window_s": 60, "until": LATER, "reason": "Pilot with a larger quota"},
    "Suspension.reason": "Chargeback",
    "Revocation.reason": "Lost laptop",
    "Reactivation.reason": "Paid",
    "Group.id": ON_CALL,
    "Group.name": "on-call",
    "Group.description": "Who answers at night",
    "Group.members": 1,
    "Role.id": OPERATOR_ROLE,
    "Role.name": "Deploy Operator",
    "Role.description": "Rolls out releases",
    "Role.system": False,
    "Conditions": {
        "mfa_required": True,
        "mfa_max_age_s": 3600,
        "allowed_ip_cidrs": ["203.0.113.0/24"],
        "not_before": NOW,
    },
    "Binding.id": BINDING,
    "Binding.user_id": None,
    "Binding.group_id": ON_CALL,
    "Binding.service_account_id": None,
    "Binding.plan_tier": None,
    "Standing": {"active": True, "reasons": []},
    "AccessItem.source": "group",
    "AccessItem.source_id": ON_CALL,
    "AccessItem.source_name": "on-call",
    "AccessItem.state": "active",
    "EffectiveAccess.user": ALICE,
    "EffectiveAccess.effective": {DEPLOY_MCP: ["deploy:run"]},
    "EffectiveAccess.tools": {
        DEPLOY_MCP: [
            {
                "name": "roll_out",
                "state": "active",
                "reason": "",
                "is_public": False,
                "required_scopes": ["deploy:run"],
            }
        ]
    },
    "EffectiveAccess.effective_console": ["apps:read"],
    "Application.id": DEPLOY_MCP,
    "Application.name": "deploy-mcp",
    "Application.kind": "mcp_server",
    "Application.description": "Roll-outs to staging and production",
    "Application.resource_uri": "https://mcp.acme.example/deploy",
    "Application.verified_at": EARLIER,
    "Application.admission": "members",
    "Application.status": "enabled",
    "Application.scopes": [ROLLOUT],
    "OwnLimit": {"limit": 1000, "window_s": 60},
    "Scope": ROLLOUT,
    "PatchedScopeChange": {"description": "Roll out a release to production", "risk": "critical"},
    "PatchedApplicationChange.status": "disabled",
    "Scopes.scopes": [ROLLOUT],
    "Credential.id": CREDENTIAL,
    "Credential.secret": "as_rs_T6vKz1QmXb9YfLr4WdNp7HsJc3GuEa5RoVi8",
    "Credential.expires_at": None,
    "tool_name": "roll_out",
    "Tool": ROLL_OUT,
    "PatchedToolChange": {"required_scopes": ["deploy:run"]},
    "ServiceAccount.id": RELEASE_BOT,
    "ServiceAccount.name": "release-bot",
    "ServiceAccount.description": "Cuts releases",
    "ServiceAccount.client_id": BOT_CLIENT,
    "Secret.client_id": BOT_CLIENT,
    "Client.id": ACME_DESK,
    "Client.name": "Acme Desk",
    "Client.own": True,
    "Client.token_endpoint_auth_method": "client_secret_basic",
    "Client.status": "approved",
    "Client.service_account_id": None,
    "Word.reason": "Known to our security team",
    "JobItem.id": JOB,
    "JobItem.kind": "audit.export",
    "JobItem.status": "done",
    "JobItem.total": 1240,
    "JobItem.done": 1240,
    "JobItem.failed": 0,
    "JobItem.error": "",
    "JobItem.result_url": f"{settings.ISSUER}/uflow/v2/jobs/{JOB}/result",
    "job_id": JOB,
    "AuditEvent.id": EVENT,
    "AuditEvent.at": NOW,
    "AuditEvent.action": "group.member_added",
    "AuditEvent.actor": {"kind": "member", "id": ALICE, "name": "Alice", "capacity": "admin"},
    "AuditEvent.target": {"kind": "group", "id": ON_CALL, "name": "on-call"},
    "AuditEvent.reason": "",
    "AuditEvent.ip": "203.0.113.9",
    "AuditEvent.via": "api",
    "AuditEvent.policies": ["role-tenant-wide"],
    "AuditEvent.before": None,
    "AuditEvent.after": {"user": "Ed", "user_id": ED, "source": "api"},
}
# What a body shows besides what it must have. Exactly one subject, and not every change at once.
SHOWN: dict[str, tuple[str, ...]] = {
    "GroupInput": ("description",),
    "PatchedGroupChange": ("description",),
    "MembersInput": ("emails",),
    "RoleInput": ("description", "scopes", "console_permissions"),
    "PatchedRoleChange": ("scopes",),
    "RoleBindingInput": ("application_id", "conditions", "expires_at", "reason"),
    "BindingInput": ("group_id", "application_id", "conditions", "expires_at", "reason"),
    "PatchedBindingChange": ("conditions", "expires_at"),
    "ApplicationInput": ("admission", "scopes"),
    "PatchedApplicationChange": ("status",),
    "ServiceAccountInput": ("description",),
    "PatchedServiceAccountChange": ("description",),
    "ClientInput": ("token_endpoint_auth_method", "application_ids"),
    "PatchedClientChange": ("redirect_uris",),
    "PatchedEndUserChange": ("plan_tier", "rate_limit_override"),
    "Reactivation": ("reason",),
    "Revocation": ("reason",),
    "Word": ("reason",),
}
# What an operation's answer says otherwise, by operationId.
ANSWERED: dict[str, dict[str, Any]] = {
    "suspend_end_user": {"status": "suspended", "suspended_at": NOW, "suspended_reason": "Chargeback"},
    "change_application": {"status": "disabled"},
}
# Answers that are no JSON, by media type.
TABLES = {
    "text/csv": "at,action,actor,target\r\n2026-06-18T14:05:12Z,group.member_added,Alice,on-call\r\n",
    "application/jsonl": '{"at": "2026-06-18T14:05:12Z", "action": "group.member_added"}\n',
}
PROBLEMS: dict[str, tuple[int, str, list[dict[str, str]]]] = {
    "internal-error": (500, "The request's id leads us to what happened.", []),
    "tenant-required": (400, "Name the tenant in the X-Tenant-ID header.", []),
    "malformed-request": (400, "The body is not UTF-8.", []),
    "invalid-parameter": (
        400,
        "limit: limit is a number from 1 to 200.",
        [{"parameter": "limit", "detail": "limit is a number from 1 to 200."}],
    ),
    "unauthenticated": (401, "Send an access token for this API: Authorization: Bearer …", []),
    "invalid-token": (401, "The token has expired.", []),
    "insufficient-scope": (403, "This needs the scope api:write.", []),
    "tenant-not-in-token": (403, f"Your access token does not hold the tenant {ACME}.", []),
    "forbidden": (403, "None of your roles gives groups:manage.", []),
    "escalation": (403, "You can’t give what you don’t hold: audit:read.", []),
    "not-found": (404, "There is nothing here by that id.", []),
    "conflict": (409, "This group is closed, and stays so.", []),
    "gone": (410, "The file is deleted: results are kept for a day. Start the job again.", []),
    "too-large": (413, "A body has at most 1048576 bytes.", []),
    "unsupported-media-type": (415, "Unsupported media type “text/plain” in request.", []),
    "invalid": (422, "This field is required.", [{"pointer": "#/name", "detail": "This field is required."}]),
}
