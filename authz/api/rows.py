"""Rows that a path or a body names: of this tenant, or not found."""

from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model

from authsec.web.problems import Problem, pointer

Row = TypeVar("Row", bound=Model)


def found(model: type[Row], tenant_id: UUID, key: UUID, member: str = "") -> Row:
    """The tenant's row. 404 for another tenant's and for none, with the body's member that named it, if any did."""
    row: Any = model._default_manager.filter(tenant_id=tenant_id, pk=key).first()
    if row is None:
        detail = f"There is no such {model._meta.verbose_name} here."
        errors = [{"pointer": pointer(member), "detail": detail}] if member else []
        raise Problem(404, "not-found", detail, errors=errors)
    return cast(Row, row)
