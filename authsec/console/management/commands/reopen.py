"""`manage.py reopen <slug>`: the installation's administrator opens a closed tenant again, however long ago it was."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from tenants.models import Tenant
from tenants.operations import reopen_tenant


class Command(BaseCommand):
    help = "Open a closed tenant again, also after the days in which its owners could have."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", default="", help="written to the tenant's audit log")

    def handle(self, *, slug: str, reason: str, **_: Any) -> None:
        with system_context():
            tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {slug}.")
        with tenant_context(tenant.pk):
            reopen_tenant(
                tenant_id=tenant.pk, actor=SYSTEM, now=timezone.now(), reason=reason, at_any_time=True
            )
        self.stdout.write(f"{tenant.name} is open.")
