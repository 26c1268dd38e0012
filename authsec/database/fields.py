"""Column types that Django has no field for, and the reference that stays inside one tenant."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import uuid_utils.compat
from django.core.exceptions import ValidationError
from django.db import models


def uuid7() -> Any:
    """A new UUIDv7 (RFC 9562 §5.7): time-ordered, so that new rows land at the end of an index."""
    return uuid_utils.compat.uuid7()


def uuid_array(keys: Iterable[UUID]) -> str:
    """Keys as the text of a PostgreSQL array, for ``%s::uuid[]`` with thousands of them: one value to quote, where the
    driver looks through every element of a list.
    """
    return "{" + ",".join([key.hex for key in keys]) + "}"


class CidrField(models.Field):
    """A PostgreSQL ``cidr``. Python value: ``ipaddress.IPv4Network`` or ``IPv6Network``, or its text."""

    description = "An IPv4 or IPv6 network"

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        try:
            return ip_network(value)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def get_prep_value(self, value: Any) -> Any:
        return None if value in (None, "") else str(ip_network(value))


class TenantForeignKey(models.ForeignKey):
    """A reference to another row of the same tenant.

    The database constraint is the composite one that ``SameTenant`` adds, and indexes start with the tenant:
    hence neither a single-column constraint nor a single-column index.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        kwargs.setdefault("related_name", "+")
        super().__init__(to, on_delete, **kwargs)
