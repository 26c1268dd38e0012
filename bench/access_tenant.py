"""Make one tenant of a size, around one person, in a process of its own; prints what the measurements need as JSON.

``python -m bench.access_tenant SLUG USERS GROUPS BINDINGS``
"""

import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
    import django

    django.setup()
    slug, *sizes = sys.argv[1:]
    print(json.dumps(make(slug, *map(int, sizes))))
    return 0


def make(slug: str, users: int, groups: int, bindings: int) -> dict[str, Any]:
    """The tenant, its owner's session and token, and the person to ask about."""
    from django.conf import settings
    from django.db import connection, transaction
    from django.test import Client as Browser
    from django.utils import timezone

    from authsec.audit.actor import SYSTEM
    from authsec.database.context import system_context, tenant_context
    from authz.models import Group, Scope
    from oauth import api_token
    from oauth.models import Client
    from tenants import operations as tenants
    from tenants.models import Identity, Membership

    now = timezone.now()
    with transaction.atomic():
        owner, person = (
            Identity.objects.create_user(f"{name}@{slug}.example", name=name.title())
            for name in ("owner", "person")
        )
        tenant = tenants.open_tenant(name=slug, slug=slug, owner=owner, actor=SYSTEM, now=now)
        with tenant_context(tenant.pk):
            member = tenants.add_member(
                tenant_id=tenant.pk,
                identity=person,
                type="contractor",
                source=Membership.Source.INVITE,
                actor=SYSTEM,
                now=now,
            )
    asked: dict[str, Any] = {"slug": slug, "users": users, "groups": groups, "bindings": bindings}
    asked |= {"tenant": tenant.pk, "person": member.user_id}
    sql = Path(__file__).with_name("access_fill.sql").read_text()
    with system_context(), connection.cursor() as cursor:
        for statement in sql.split(";\n"):
            if statement.strip():
                cursor.execute(statement, asked)
    browser = Browser()
    browser.force_login(owner)
    with system_context():
        client = Client.objects.get(client_id="authsec-cli")
    token = api_token.for_identity(
        identity_id=owner.pk,
        client_id=client.client_id,
        scopes=set(api_token.SCOPES) if hasattr(api_token, "SCOPES") else {"api:read", "api:write"},
        jti=uuid4(),
        now=now,
        mfa_at=None,
    )
    with tenant_context(tenant.pk):
        # One that thousands hold: the fill gives each Application the roles of three of its scopes.
        scope = Scope.objects.get(tenant=tenant, application__name="app-1", name="scope:4")
        group = Group.objects.get(tenant=tenant, name="Group 1")
    return {
        "slug": slug,
        "tenant": str(tenant.pk),
        "person": str(member.user_id),
        "group": str(group.pk),
        "application": str(scope.application_id),
        "scope": scope.name,
        "cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}",
        "token": token,
    }


if __name__ == "__main__":
    sys.exit(main())
