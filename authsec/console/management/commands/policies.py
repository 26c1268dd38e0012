"""`manage.py policies`: whether the policies, their cases and the printed tables agree. `make check` runs it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from authz import policy_cases, policy_document


class Command(BaseCommand):
    help = "Check the Cedar policies: schema, ids, sentences, ALLOW and DENY cases, and docs/permissions.md."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--write", action="store_true", help="write the tables of docs/permissions.md anew"
        )

    def handle(self, *, write: bool, **_: Any) -> None:
        if problems := policy_cases.problems():
            raise CommandError("\n".join(problems))
        if write:
            policy_document.FILE.write_text(policy_document.written(), encoding="utf-8")
        elif not policy_document.is_current():
            raise CommandError("docs/permissions.md is not what the data says: manage.py policies --write")
        self.stdout.write(f"{len(policy_cases.cases())} cases hold.")
