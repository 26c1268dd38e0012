"""The worked example of the design, as rows: what the pages are tried on."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from tests import cast


@pytest.fixture
def acme() -> SimpleNamespace:
    """acme-corp with its people, two MCP servers, two groups and Alice's temporary role."""
    tenant = cast.open_tenant("acme-corp", "olga@acme.example")
    people = {
        "olga": cast.owner_of(tenant),
        "adam": cast.member(tenant, "adam@acme.example", "admin", "Adam Lindqvist"),
        "alice": cast.member(tenant, "alice@acme.example", "member", "Alice Moreau"),
        "carl": cast.member(tenant, "carl@jensen.example", "contractor", "Carl Jensen"),
        "rita": cast.member(tenant, "rita@acme.example", "readonly_auditor", "Rita Book"),
        "ed": cast.end_user(tenant, "ed@lanternworks.example", name="Ed Okafor"),
    }
    github = cast.application(tenant, "github-mcp", ["pr:read", "pr:write"])
    deploy = cast.application(tenant, "deploy-mcp", ["deploy:read", "deploy:run"])
    engineering = cast.group(tenant, "engineering", [people["alice"]])
    oncall = cast.group(tenant, "on-call", [people["alice"], people["carl"]])
    writer = cast.role(tenant, "PR Writer", ["pr:read", "pr:write"])
    operator = cast.role(tenant, "Deploy Operator", ["deploy:run"])
    auditor = cast.role(tenant, "Auditor", console=["audit:read"])
    now = timezone.now()
    return SimpleNamespace(
        tenant=tenant,
        id=tenant.id,
        now=now,
        **people,
        github=github,
        deploy=deploy,
        engineering=engineering,
        oncall=oncall,
        writer=writer,
        operator=operator,
        auditor=auditor,
        account=cast.service_account(tenant, "release-bot"),
        writes=cast.bind(tenant, writer, engineering, github),
        runs=cast.bind(tenant, operator, oncall, deploy, requires_mfa=True),
        audits=cast.bind(tenant, auditor, people["alice"], expires_at=cast.next_week()),
        reader=cast.bind(tenant, cast.role(tenant, "PR Reader", ["pr:read"]), cast.tier(tenant), github),
    )
