"""Work that takes longer than a request: asked for by somebody, done by ``manage.py work``, watched meanwhile."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import uuid7
from authsec.database.scope import ScopedManager


class Job(models.Model):
    """One piece of long work in a tenant. The queue's own row holds nothing but this one's ids.

    ``cursor`` and ``size`` say where the next attempt goes on; both are written with what was done, in one
    transaction. ``attempt`` fences: only the attempt that took the job last may write to it.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField(
        null=True, blank=True, help_text="Not known before the first attempt."
    )
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    params = models.JSONField(default=dict, blank=True)
    cursor = models.JSONField(null=True, blank=True)
    started_by = models.UUIDField(help_text="A users.id or a service account's id.")
    actor = models.JSONField(help_text="Who asked, and as what, for the events that the job records.")
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0, help_text="Attempts since something was last done.")
    error = models.CharField(max_length=300, blank=True)
    file = models.CharField(max_length=100, blank=True, help_text="The result's name under var/exports.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the result so far.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Until when the result is kept.")

    objects = ScopedManager()

    class Meta:
        indexes = [
            models.Index(
                "tenant", models.F("created_at").desc(), models.F("id").desc(), name="jobs_job_at_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def has_result(self) -> bool:
        """Whether there is a file to fetch, or was until it expired."""
        return self.status == self.Status.DONE and bool(self.file)
