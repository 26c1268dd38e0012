"""`manage.py setup`: from an empty database to an installation with its first owner. Safe to run again."""

import os
import sys
from argparse import ArgumentParser
from dataclasses import replace
from getpass import getpass
from typing import Any

import environ
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.installation import note
from authsec.database import roles
from authsec.database.checks import UnsafeDatabase, refuse_unsafe_login
from authsec.database.context import app_context, owner_context
from authsec.database.owner import connected_as_owner
from tenants.models import Identity
from tenants.operations import TenantError, open_tenant


class Command(BaseCommand):
    help = (
        "Prepare an installation: database roles, migrations, static files, the first owner, who administers it. "
        "Asks for what options and AUTHSEC_SETUP_EMAIL, _NAME, _TENANT, _SLUG, _PASSWORD leave open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--email", default=os.environ.get("AUTHSEC_SETUP_EMAIL"), help="the first owner's address"
        )
        parser.add_argument(
            "--name", default=os.environ.get("AUTHSEC_SETUP_NAME"), help="the first owner's name"
        )
        parser.add_argument(
            "--tenant", default=os.environ.get("AUTHSEC_SETUP_TENANT"), help="the tenant's name"
        )
        parser.add_argument("--slug", default=os.environ.get("AUTHSEC_SETUP_SLUG"), help="its word in URLs")

    def handle(self, **options: Any) -> None:
        self.prepare_roles()
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("The database is migrated.")
        if settings.STATIC_ROOT:
            call_command("collectstatic", interactive=False, verbosity=0)
            self.stdout.write(f"Static files are in {settings.STATIC_ROOT}.")
        with app_context():
            administrators = Identity.objects.filter(is_installation_admin=True).exists()
        if administrators and not options["email"]:
            self.stdout.write("There is an administrator already; nothing more to do.")
            return
        self.make_first_owner(**options)

    def prepare_roles(self) -> None:
        """Refuse an unsafe owner; make the roles, or say what a DBA has to run."""
        urls = (settings.DATABASE_OWNER_URL, settings.DATABASE_URL)
        logins = list(dict.fromkeys(environ.Env.db_url_config(url)["USER"] for url in urls))
        with connected_as_owner(), owner_context(), connection.cursor() as cursor:
            try:
                refuse_unsafe_login()
            except UnsafeDatabase as error:
                raise CommandError(str(error)) from error
            left = roles.prepare(cursor, *logins)
        if left:
            raise CommandError(
                f"The login {logins[0]} may not make and give the roles. "
                "A DBA has to run this once; then run setup again:\n\n"
                + "".join(f"  {statement};\n" for statement in left)
            )

    def make_first_owner(
        self, *, email: str | None, name: str | None, tenant: str | None, slug: str | None, **_: Any
    ) -> None:
        """Make the verified identity and its tenant. An identity that exists becomes administrator, nothing else."""
        email = (email or ask("E-mail of the first owner")).strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is no e-mail address.") from error
        with app_context():
            known = Identity.objects.filter(email=email).first()
            if known:
                Identity.objects.filter(pk=known.pk).update(is_installation_admin=True)
                note_administrator(known)
        if known:
            self.stdout.write(f"{email} administers this installation.")
            return
        name = name or ask("Name")
        tenant = tenant or ask("Name of the tenant")
        identity = Identity(email=email, name=name, is_installation_admin=True)
        identity.set_password(new_password(identity))
        try:
            with app_context():
                identity.save()
                EmailAddress.objects.create(user=identity, email=email, verified=True, primary=True)
                note_administrator(identity)
                opened = open_tenant(
                    name=tenant,
                    slug=slug,
                    owner=identity,
                    actor=replace(SYSTEM, via="command"),
                    now=timezone.now(),
                )
        except TenantError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{email} owns {opened.name} and administers this installation: {settings.PUBLIC_URL}/t/{opened.slug}/"
        )


def note_administrator(identity: Identity) -> None:
    """Write down who administers the installation from now on."""
    note(action="administrator.named", actor=SYSTEM, identity_id=identity.pk, now=timezone.now())


def ask(question: str) -> str:
    """An answer from the terminal. Raises CommandError where there is none to ask."""
    if not sys.stdin.isatty():
        raise CommandError(f"{question}: missing, and there is no terminal to ask. See setup --help.")
    while True:
        if answer := input(f"{question}: ").strip():
            return answer


def new_password(identity: Identity) -> str:
    """A valid password, from AUTHSEC_SETUP_PASSWORD or asked for twice. No option: the process list shows those."""
    given = os.environ.get("AUTHSEC_SETUP_PASSWORD")
    if given is None and not sys.stdin.isatty():
        raise CommandError("AUTHSEC_SETUP_PASSWORD is missing, and there is no terminal to ask.")
    while True:
        password = given if given is not None else getpass("Password: ")
        try:
            validate_password(password, identity)
        except ValidationError as error:
            if given is not None:
                raise CommandError(" ".join(error.messages)) from error
            print(" ".join(error.messages), file=sys.stderr)
            continue
        if given is not None or password == getpass("Password again: "):
            return password
        print("These are two passwords.", file=sys.stderr)
