"""Millions of end users, filled once and kept from run to run: the demo's alex-tools, two tenants beside it that are as
large, and a small one to compare with.

``python -m bench.crowds PEOPLE BESIDE`` fills the database of the environment, up to so many in the large tenant and in
each of the two beside it, and prints as JSON what is needed to ask for pages of the large and the small one.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import psycopg

from authsec.database.embedded import CHECKOUT, DATABASE, Cluster
from bench.world import INSERT, TOKENS

NAME = "authsec_crowds"
LARGE, SMALL, SMALL_SIZE = "alex-tools", "bench-ten", 10_000
BESIDE = ("bench-two", "bench-three")


@dataclass(frozen=True)
class Crowds:
    """``environment`` for the servers; ``tenants`` by slug: slug, tenant, cookie, token, application, person, email."""

    environment: dict[str, str]
    tenants: dict[str, dict[str, str]]


def build(cluster: Cluster, *, people: int, beside: int, port: int) -> Crowds:
    """Make the database where it is missing, bring it up to date and fill it up."""
    with psycopg.connect(cluster.url(DATABASE), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone():
            connection.execute(f"create database {NAME}")
    environment = os.environ | {
        "DATABASE_URL": cluster.url(NAME),
        "AUTHSEC_VAR": str(CHECKOUT / "var" / "crowds"),
        "AUTHSEC_ENV": "development",
        "PORT": str(port),
        "PYTHONPATH": str(CHECKOUT),
        "DJANGO_SETTINGS_MODULE": "authsec.settings",
    }
    python = [sys.executable]
    for command in (["manage.py", "migrate", "--verbosity", "0"], ["manage.py", "demo", "--verbosity", "0"]):
        subprocess.run([*python, *command], cwd=CHECKOUT, env=environment, check=True)
    done = subprocess.run(
        [*python, "-m", "bench.crowds", str(people), str(beside)],
        cwd=CHECKOUT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    made = json.loads(done.stdout.splitlines()[-1])
    with psycopg.connect(cluster.url(NAME)) as connection:  # tokens live for a day
        connection.execute("set local role authsec_system")
        large = made["tenants"][LARGE]
        connection.execute("delete from oauth_accesstoken where tenant_id = %s", [large["tenant"]])
        connection.execute(INSERT, [large["tenant"], large["application"], TOKENS])
    if made["filled"]:
        with psycopg.connect(cluster.url(NAME), autocommit=True) as connection:
            connection.execute("vacuum analyze")
    return Crowds(environment, made["tenants"])


def main() -> int:
    import django

    django.setup()
    print(json.dumps(fill(*map(int, sys.argv[1:3]))))
    return 0


def fill(people: int, beside: int) -> dict[str, Any]:
    """Fill what is missing, all tenants in one go. ``filled``: whether anything was."""
    from django.db import transaction
    from django.utils import timezone

    from authsec.console.demo import crowd
    from authsec.database.context import tenant_context
    from endusers import rollups
    from endusers.models import EndUser
    from tenants.models import Profile

    now = timezone.now()
    sizes = {LARGE: people, SMALL: SMALL_SIZE, **dict.fromkeys(BESIDE, beside)}
    with transaction.atomic():
        crowds = {
            slug: _crowd(slug, size, 9_110 + number, now) for number, (slug, size) in enumerate(sizes.items())
        }
        filled = crowd.fill(crowds.values(), now)
    tenants = {}
    for slug in (LARGE, SMALL):
        tenant = crowds[slug].tenant_id
        if filled:
            rollups.roll_up(tenant_id=tenant, now=now)
        with tenant_context(tenant):
            person = EndUser.objects.filter(tenant_id=tenant, status="active").order_by("pk")[5_000]
            profile = Profile.objects.get(tenant_id=tenant, user_id=person.pk)
        tenants[slug] = {
            "slug": slug,
            "tenant": str(tenant),
            "person": str(person.pk),
            "email": profile.email,
            "application": str(crowds[slug].application_id),
            **_doors(crowds[slug].owner_id, tenant, now),
        }
    return {"filled": filled, "tenants": tenants}


def _crowd(slug: str, size: int, port: int, now: Any) -> Any:
    """The tenant with its Application, opened where it is missing, and who is to come."""
    from authsec.console.demo import world
    from authsec.console.demo.crowd import Crowd
    from authsec.console.demo.handout import Kept
    from authsec.console.demo.people import Person, identity_of
    from authsec.console.demo.tenant import DemoTenant
    from authsec.database.context import tenant_context
    from tenants.models import Tenant

    owner = "alex@alex-tools.example" if slug == LARGE else f"owner@{slug}.example"
    demo = DemoTenant(
        slug=slug,
        name=slug,
        plan=Tenant.Plan.BUSINESS,
        owner=identity_of(Person("owner", "Olu Owner", owner), now),
        opened_days=430,
        kept=Kept(),
        now=now,
    )
    with tenant_context(demo.tenant.pk):
        demo.owned_by("owner", identity_of(Person("owner", "Olu Owner", owner), now))
        application = demo.application("pdf-mcp", port, world.PDF, "Reads documents", 428)
        if slug != LARGE:
            reader = demo.role("PDF Reader", "Reads documents.", 427, ["pdf:read"])
            demo.bind(reader, demo.tier("free"), 427, application)
    return Crowd(
        tenant_id=demo.tenant.pk,
        owner_id=demo.users["owner"].pk,
        owner_name="Olu Owner",
        application_id=application.pk,
        scopes=["pdf:read"],
        clients=[world._assistant(name, now) for name in world.ASSISTANTS],
        upto=size,
        **({} if slug == LARGE else {"hosts": [f"{slug}.example"]}),
    )


def _doors(owner: Any, tenant: Any, now: Any) -> dict[str, str]:
    """The owner's session and token."""
    from django.conf import settings
    from django.test import Client as Browser

    from authsec.database.context import tenant_context
    from authsec.database.fields import uuid7
    from oauth import api_token
    from tenants.models import Identity, TenantUser

    with tenant_context(tenant):
        identity = Identity.objects.get(pk=TenantUser.objects.get(pk=owner).identity_id)
    browser = Browser()
    browser.force_login(identity, backend=settings.AUTHENTICATION_BACKENDS[0])
    token = api_token.for_identity(
        identity_id=identity.pk, client_id="authsec-cli", scopes=api_token.SCOPES, jti=uuid7(), now=now
    )
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    return {"cookie": f"{cookie.key}={cookie.value}", "token": token}


if __name__ == "__main__":
    sys.exit(main())
