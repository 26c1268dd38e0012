"""What every row of a tenant has."""

from django.db import models

from authsec.database.fields import uuid7
from authsec.database.scope import ScopedManager


class TenantRow(models.Model):
    """A row that belongs to one tenant: UUIDv7 key, tenant, scoped manager, target of composite references."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")

    objects = ScopedManager()

    class Meta:
        abstract = True


def same_tenant_target(table: str) -> models.UniqueConstraint:
    """The unique (tenant, id) that composite foreign keys of other tables point to."""
    return models.UniqueConstraint(fields=["tenant", "id"], name=f"{table}_tenant_id_uniq")
