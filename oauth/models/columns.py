"""Columns that several models share."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


def text_array() -> ArrayField:
    """A ``text[]`` that is empty by default."""
    return ArrayField(models.TextField(), default=list, blank=True)


def identity_reference() -> models.ForeignKey:
    """The toolkit's ``user``: the identity; no index of its own, nobody looks tokens up by it alone."""
    return models.ForeignKey(
        "tenants.Identity", models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )
