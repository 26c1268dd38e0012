"""Who and what the story of the OpenAPI document's examples is about."""

from typing import Any

ACME = "019a3c5e-7f10-7c4d-8b2a-5d1e9f0a6c31"
ALICE = "019a3c60-11a4-7e02-9c57-3b8d2f4e6a90"
ED = "019a4417-5be2-7d38-a6f1-0c9e7b2d4f58"
DEPLOY_MCP = "019a3c71-94c8-7a16-b0d3-e2f58a1c7b44"
OPERATOR_ROLE = "019a3c74-02de-7f49-8e6b-17a3c5d90f2e"
ON_CALL = "019a3c75-c3b0-7b8e-9a24-6f0d1e8c2b57"
BINDING = "019a3c78-4f9a-7160-a8c5-9d2b7e3f0c16"
RELEASE_BOT = "019a3c7d-8e21-7d95-b36f-04c8a2e7f1d9"
TIER = "019a3c63-5d17-7b42-a3f9-e1c80d6b2f75"
ACME_DESK = "019a3c82-6a07-7c3b-8f10-d5e9b4a2c768"
INVITED = "019a3c8b-2f70-7d14-9e35-c6a1f8b07d42"
NINA = "019a3c8f-71d6-7b29-84c0-5e3f9d1a6b87"
EVENT = "019a4d03-1c5f-7e84-92ab-7b0f6d3e8a15"
JOB = "019a4d10-7b3e-7f62-8c05-e1a9d4f70b38"
CONSENT = "019a4d21-5e0c-7a93-b1d8-3f6c2e9a7b04"
JTI = "019a4d27-8c41-7d60-93ea-b5072f1c6d9e"
SESSION = "019a4d21-66b2-7f18-a05d-84e3c7d19b2a"
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
