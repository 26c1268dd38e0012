"""`manage.py keys`: which keys sign and stand in the JWKS; `manage.py keys rotate` makes the next ones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from oauth import key_schedule, keys


class Command(BaseCommand):
    help = (
        "List the signing keys, or rotate them: the next ones are published at once and sign an hour later, the "
        "present ones stay published for a day after that. A rotation also runs by itself every 90 days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=("list", "rotate"), default="list")
        parser.add_argument(
            "--now",
            action="store_true",
            help="for a compromised key: sign with new ones at once, and refuse what the present ones signed",
        )

    def handle(self, *, action: str, now: bool, **_: Any) -> None:
        at = timezone.now()
        if action == "rotate":
            keys.rotate(at, immediately=now)
        for key in key_schedule.described(at):
            since = "the beginning" if key.since == keys.SINCE_EVER else f"{key.since:%Y-%m-%d %H:%M} UTC"
            ends = f", retires {key.until:%Y-%m-%d %H:%M} UTC" if key.until else ""
            self.stdout.write(f"{key.kid}  {key.algorithm}  {key.state:9}  since {since}{ends}")
