"""A copy of everything held about one person, made for that person. It belongs to no tenant."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import uuid7


class DataExport(models.Model):
    """One asked-for copy. ``file`` is its name under var/exports, where it lies for a day."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey("tenants.Identity", models.CASCADE, db_index=False, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    file = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index("identity", models.F("created_at").desc(), name="oauth_dataexport_identity_idx"),
            models.Index(fields=["created_at"], name="oauth_dataexport_created_idx"),
        ]

    @property
    def active(self) -> bool:
        """Whether it waits or is being written."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)
