"""``manage.py migrate`` as the schema's owner, where the serving login owns nothing."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from authsec.database.owner import connected_as_owner


class Command(Migrate):
    """Connects with DATABASE_OWNER_URL for the time of the migration when it differs from DATABASE_URL."""

    def handle(self, *args: Any, **options: Any) -> None:
        with connected_as_owner(options["database"]):
            super().handle(*args, **options)
