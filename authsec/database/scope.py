"""Managers that raise without a tenant.

Row-level security shows no rows to a query that forgot its tenant; these say so aloud instead. They don't add the
tenant filter: write it, so that the planner leads with the tenant's index.
"""

from typing import TypeVar

from django.db import models

from authsec.database.context import require_scope

Row = TypeVar("Row", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[Row]):
    """A queryset that raises NoTenant when it reaches the database without a tenant in force.

    Every road to the database asks for the connection's alias first (iteration, sync or async, ``exists``,
    ``count``, ``update``, ``create``, ``delete``, ``bulk_create``): one property guards them all.
    """

    @property
    def db(self) -> str:
        require_scope()
        return super().db


class ScopedManager(models.Manager[Row]):
    """The default manager of every model with a tenant."""

    _queryset_class = ScopedQuerySet  # what Manager.from_queryset() sets
