"""What stands between a new Application and its first user: facts of the database, in one statement."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FACTS = """
select a.verified_at is not null,
       exists (select from authz_scope s
                where s.tenant_id = a.tenant_id and s.application_id = a.id and s.ended_at is null),
       exists (select from authz_binding b
                 join authz_role o on o.tenant_id = b.tenant_id and o.id = b.role_id and o.ended_at is null
                 join authz_rolescope r on r.tenant_id = b.tenant_id and r.role_id = b.role_id
                  and r.kind = 'scope' and r.ended_at is null
                 join authz_scope s on s.tenant_id = b.tenant_id and s.application_id = a.id and s.name = r.name
                  and s.ended_at is null
                where b.tenant_id = a.tenant_id and b.ended_at is null
                  and (b.expires_at is null or b.expires_at > now())
                  and (b.application_id is null or b.application_id = a.id)),
       exists (select from oauth_resourcecredential c
                where c.tenant_id = a.tenant_id and c.application_id = a.id and c.last_used_at is not null),
       exists (select from oauth_consent n where n.tenant_id = a.tenant_id and n.application_id = a.id)
         or exists (select from oauth_introspectioncount i
                     where i.tenant_id = a.tenant_id and i.application_id = a.id and i.active),
       a.support_contact <> ''
  from authz_application a where a.tenant_id = %s and a.id = %s
"""


@dataclass(frozen=True)
class Step:
    """One thing to do. ``place``: URL name of where, ``query``: what it is told; ``right``: who may."""

    title: str | Promise
    text: str | Promise
    action: str | Promise
    place: str
    right: str
    done: bool
    query: str = ""


def steps(*, tenant_id: UUID, application_id: UUID) -> list[Step]:
    """What a launch takes, in the order in which it is done. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS, [tenant_id, application_id])
        verified, scoped, bound, asked, issued, supported = cursor.fetchone()
    return [
        Step(
            _("Registered"),
            _("It has a name and an address that tokens are made for."),
            _("Edit"),
            "authz:application_edit",
            "apps:manage",
            True,
        ),
        Step(
            _("Its scopes are set"),
            _("What can be done there, in words that people read before they allow it."),
            _("Set scopes"),
            "authz:application_scopes",
            "apps:manage",
            scoped,
        ),
        Step(
            _("Somebody can get in"),
            _("A role that gives one of its scopes is bound: to the default plan tier, a group or a person."),
            _("Bind a role"),
            "authz:binding_new",
            "bindings:create",
            bound,
            f"application={application_id}",
        ),
        Step(
            _("It asks about tokens"),
            _("Its server introspects each token with its resource credential."),
            _("Show snippets"),
            "oauth:connect",
            "apps:read",
            asked,
        ),
        Step(
            _("The address is proved"),
            _("Until then it serves the tenant’s own active members alone."),
            _("Prove it"),
            "oauth:address",
            "apps:read",
            verified,
        ),
        Step(
            _("A client got a token"),
            _("Somebody connected an AI client and allowed it."),
            _("Connect a client"),
            "oauth:connect",
            "apps:read",
            issued,
            "with=clients",
        ),
        Step(
            _("People know whom to ask"),
            _("A support contact stands where somebody is not let in."),
            _("Name a contact"),
            "authz:application_edit",
            "apps:manage",
            supported,
        ),
    ]
