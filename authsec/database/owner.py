"""Speaking to the database as the schema's owner, where the serving login owns nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.conf import settings
from django.db import connections

IDENTITY = ("HOST", "PORT", "USER", "PASSWORD", "OPTIONS")


@contextmanager
def connected_as_owner(alias: str = "default") -> Iterator[None]:
    """Connect with DATABASE_OWNER_URL inside the block, where it differs from DATABASE_URL."""
    if settings.DATABASE_OWNER_URL == settings.DATABASE_URL:
        yield
        return
    connection = connections[alias]
    serving = {key: connection.settings_dict[key] for key in IDENTITY}
    owner = environ.Env.db_url_config(settings.DATABASE_OWNER_URL)
    connection.close()
    connection.settings_dict.update({key: owner.get(key, {} if key == "OPTIONS" else "") for key in IDENTITY})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(serving)
