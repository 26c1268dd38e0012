"""`manage.py plan <slug> <plan>`: the installation's administrator puts a tenant on another plan."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from tenants.models import Tenant
from tenants.operations import change_plan
from tenants.plans import LABELS, usage


class Command(BaseCommand):
    help = (
        "Put a tenant on another plan (free, pro, business), or say what its plan allows and what is in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("plan", nargs="?", choices=Tenant.Plan.values)
        parser.add_argument("--reason", default="", help="written to the tenant's audit log")

    def handle(self, *, slug: str, plan: str | None, reason: str, **_: Any) -> None:
        with system_context():
            tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {slug}.")
        now = timezone.now()
        with tenant_context(tenant.pk):
            if plan:
                tenant = change_plan(tenant_id=tenant.pk, plan=plan, actor=SYSTEM, now=now, reason=reason)
            uses = usage(tenant_id=tenant.pk, plan=tenant.plan, now=now)
        self.stdout.write(f"{tenant.name} is on the {tenant.get_plan_display()} plan.")
        for use in uses:
            limit = "without a limit" if use.limit is None else f"of {use.limit_shown}"
            self.stdout.write(f"  {LABELS[use.what]}: {use.shown} {limit}")
