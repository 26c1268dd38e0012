"""What the overview shows, counted beforehand: a million people are not counted while somebody waits."""

from django.db import models

from authsec.database.scope import ScopedManager


class DailyCount(models.Model):
    """How many there were of one kind on one day (UTC), as far as it was known at ``as_of``.

    ``key`` is what the kind is told apart by: a plan tier's or an Application's id, a number of days, or nothing.
    """

    class Kind(models.TextChoices):
        NEW = "new"  # first consents of the day
        ACTIVE = "active"  # people seen on the day
        SUSPENDED = "suspended"  # suspensions of the day
        WITHIN = "within"  # people seen within so many days (key: 1, 7, 30), at as_of
        TOTAL = "total"  # suspended (key) and all, at as_of
        TIER = "tier"  # who holds it, at as_of
        APPLICATION = "application"  # who has it connected, at as_of

    pk = models.CompositePrimaryKey("tenant_id", "day", "kind", "key")
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=36, blank=True)
    number = models.BigIntegerField()
    as_of = models.DateTimeField()

    objects = ScopedManager()
