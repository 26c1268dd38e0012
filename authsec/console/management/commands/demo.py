"""`manage.py demo`: the worked example, for `make run` and for tests. Loading it again changes nothing."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

DEFAULT_END_USERS = 1_200


class Command(BaseCommand):
    help = "Development: load the worked example and write its sign-ins and secrets to var/demo.json."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--end-users",
            type=int,
            default=DEFAULT_END_USERS,
            help="fill alex-tools up to so many end users (default: %(default)s)",
        )

    def handle(self, *, end_users: int, verbosity: int, **_: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo's passwords are public: it loads in development only.")
        from authsec.console.demo import handout, world
        from authsec.database.context import app_context

        with app_context():
            with connection.cursor() as cursor:  # a second loader waits, and finds everything there
                cursor.execute("select pg_advisory_xact_lock(hashtext('authsec demo'))")
            content = world.load(now=timezone.now(), end_users=end_users)
        handout.write(content)
        if verbosity:
            self.stdout.write(f"The demo is loaded. Sign-ins and secrets: {handout.path()}")
            for user in content["users"]:
                self.stdout.write(f"  {user['key']:<6} {user['email']:<26} {user['password']}")
