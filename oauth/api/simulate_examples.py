"""One example of each kind of change, for the reference: the members beside ``kind``."""

from typing import Any

PERSON = {"user_id": "019a3c60-11a4-7e02-9c57-3b8d2f4e6a90"}
CONSUMER = {"user_id": "019a4417-5be2-7d38-a6f1-0c9e7b2d4f58"}
GROUP = {"group_id": "019a3c75-c3b0-7b8e-9a24-6f0d1e8c2b57"}
ROLE = {"role_id": "019a3c74-02de-7f49-8e6b-17a3c5d90f2e"}
BINDING = {"binding_id": "019a3c78-4f9a-7160-a8c5-9d2b7e3f0c16"}
APPLICATION = {"application_id": "019a3c71-94c8-7a16-b0d3-e2f58a1c7b44"}
ACCOUNT = {"service_account_id": "019a3c7d-8e21-7d95-b36f-04c8a2e7f1d9"}
MFA = {"conditions": {"mfa_required": True, "mfa_max_age_s": 43_200}}

EXAMPLES: dict[str, dict[str, Any]] = {
    "remove_from_group": GROUP | PERSON,
    "add_to_group": GROUP | {"user_ids": [PERSON["user_id"]]},
    "archive_group": GROUP,
    "end_group_access": GROUP,
    "bind": ROLE | GROUP | APPLICATION | MFA | {"expires_at": "2026-12-31T23:59:59Z"},
    "change_binding": BINDING | MFA,
    "end_binding": BINDING,
    "edit_role": ROLE | {"scopes": ["deploy:read", "deploy:run"]},
    "change_role_scopes": ROLE | {"added": ["deploy:rollback"], "withdrawn": ["deploy:run"]},
    "archive_role": ROLE,
    "set_scopes": APPLICATION | {"scopes": [{"name": "deploy:read", "description": "Read", "risk": "low"}]},
    "change_scopes": APPLICATION | {"withdrawn": ["deploy:run"]},
    "disable_application": APPLICATION,
    "enable_application": APPLICATION,
    "archive_application": APPLICATION,
    "suspend_member": PERSON,
    "reactivate_member": PERSON,
    "remove_member": PERSON,
    "change_member_type": PERSON | {"type": "contractor"},
    "suspend_end_user": CONSUMER,
    "reactivate_end_user": CONSUMER,
    "set_plan_tier": CONSUMER | {"plan_tier": "pro"},
    "add_operators": ACCOUNT | {"user_ids": [PERSON["user_id"]]},
    "remove_operator": ACCOUNT | PERSON,
    "end_service_account": ACCOUNT,
}
