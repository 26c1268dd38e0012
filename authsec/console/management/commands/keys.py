"""`manage.py keys`: which keys sign and stand in the JWKS; `rotate` makes the next ones, `encrypt` is for a new
AUTHSEC_KEYS: what is encrypted is encrypted with its first key, so that the others can go.
"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from authsec.audit import installation
from oauth import key_schedule, keys
from oauth.encryption import encrypt_everything_anew

LATEST = 10  # deeds done to the keys that are listed below them


class Command(BaseCommand):
    help = (
        "List the signing keys, or rotate them: the next ones are published at once and sign an hour later, the "
        "present ones stay published for a day after that. A rotation also runs by itself every 90 days. Or encrypt "
        "what is kept with the first of AUTHSEC_KEYS, before an older one is taken out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=("list", "rotate", "encrypt"), default="list")
        parser.add_argument(
            "--now",
            action="store_true",
            help="for a compromised key: sign with new ones at once, and refuse what the present ones signed",
        )

    def handle(self, *, action: str, now: bool, **_: Any) -> None:
        at = timezone.now()
        if action == "rotate":
            keys.rotate(at, immediately=now)
        if action == "encrypt":
            self.encrypt(at)
            return
        for key in key_schedule.described(at):
            since = "the beginning" if key.since == keys.SINCE_EVER else f"{key.since:%Y-%m-%d %H:%M} UTC"
            ends = f", retires {key.until:%Y-%m-%d %H:%M} UTC" if key.until else ""
            self.stdout.write(f"{key.kid}  {key.algorithm}  {key.state:9}  since {since}{ends}")
        self.stdout.write("")
        for event in installation.latest_of(None, limit=LATEST):
            self.stdout.write(f"{event.at:%Y-%m-%d %H:%M} UTC  {installation.in_words(event).sentence}")

    def encrypt(self, at: datetime) -> None:
        """Encrypt everything anew, and say how much it was."""
        try:
            done = encrypt_everything_anew(now=at)
        except ValueError as error:
            raise CommandError(
                f"{error} Put the key that it was made with back into AUTHSEC_KEYS."
            ) from error
        counts = ", ".join(f"{number} {things}" for things, number in done.items())
        self.stdout.write(f"Encrypted with the first of AUTHSEC_KEYS: {counts}. The other keys can go.")
