"""The policies in force, read-only: what they say, what follows from them, and who is in the tenant groups."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.http import Request
from authz import policy_cases, queries
from authz.cedar import engine
from authz.contents import contents_of
from authz.views.links import crumbs


@requires("policies:read")
@require_safe
def policies(request: Request) -> HttpResponse:
    """Each policy with its sentence and examples, the tenant groups with their roles, and the list of actions."""
    context = {
        "policies": [(policy, _examples(policy.id)) for policy in engine.policies()],
        "by_default": _examples(""),
        "tenant_groups": _tenant_groups(request.tenant.tenant_id),
        "actions": engine.actions().items(),
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Policies"),
    }
    return render(request, "authz/policies.html", context)


def _examples(policy_id: str) -> list[policy_cases.Case]:
    """Cases that this policy decides; with "" those that none decides, which refuses."""
    return [
        case
        for case in policy_cases.cases()
        if (policy_id in case.policies if policy_id else not case.policies)
    ]


def _tenant_groups(tenant_id: UUID) -> list[dict[str, Any]]:
    """Each tenant group with the roles that are in it here, and how many bindings give each."""
    roles = list(queries.roles(tenant_id).filter(ended_at=None))
    given = contents_of(roles)
    return [
        {
            "name": name,
            "sentence": sentence,
            "roles": [role for role in roles if name in given[role.pk].tenant_groups],
        }
        for name, sentence in engine.tenant_groups().items()
    ]
