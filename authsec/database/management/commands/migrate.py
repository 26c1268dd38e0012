"""``manage.py migrate`` as the schema's owner, where the serving login owns nothing."""

from typing import Any

import environ
from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

IDENTITY = ("HOST", "PORT", "USER", "PASSWORD")


class Command(Migrate):
    """Connects with DATABASE_OWNER_URL for the time of the migration when it differs from DATABASE_URL."""

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_OWNER_URL == settings.DATABASE_URL:
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        serving = {key: connection.settings_dict[key] for key in IDENTITY}
        owner = environ.Env.db_url_config(settings.DATABASE_OWNER_URL)
        connection.close()
        connection.settings_dict.update({key: owner[key] for key in IDENTITY})
        try:
            super().handle(*args, **options)
        finally:
            connection.close()
            connection.settings_dict.update(serving)
