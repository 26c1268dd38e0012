"""What the bulk actions keep: how each person fared, and the files that were brought."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from authsec.database.scope import ScopedManager
from tenants.models import TenantRow, same_tenant_target


class Outcome(models.Model):
    """What a bulk job did to one person, by value: whoever was named and is no end user has a row too.

    ``was`` holds what the change replaced, for undo. Written in the transaction of the change, once for each person.
    """

    class Fate(models.TextChoices):
        CHANGED = "changed"
        ALREADY = "already"  # it was so before
        UNKNOWN = "unknown"  # no end user here
        SINCE = "since"  # not taken back: changed again since

    pk = models.CompositePrimaryKey("tenant_id", "job_id", "user_id")
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    job_id = models.UUIDField()
    user_id = models.UUIDField()
    fate = models.CharField(max_length=8, choices=Fate.choices)
    at = models.DateTimeField()
    was = models.JSONField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        # The few who were left out, for the list of them: whoever was changed is in no second index.
        indexes = [
            models.Index(
                "tenant",
                "job_id",
                models.F("at").desc(),
                models.F("user_id").desc(),
                condition=~models.Q(fate="changed"),
                name="endusers_outcome_left_idx",
            ),
        ]


class Upload(TenantRow):
    """A file of plan tiers and statuses that somebody brought, before it is put into force."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [same_tenant_target("endusers_upload")]
        indexes = [models.Index(fields=["created_at"], name="endusers_upload_age_idx")]


class UploadLine(TenantRow):
    """One line of such a file: whom it names, by id or by address, and what they are to get. ``problem``: why not."""

    upload = TenantForeignKey(Upload)
    number = models.PositiveIntegerField(help_text="The line of the file.")
    named = models.CharField(max_length=320, help_text="As it is written there.")
    user_key = models.UUIDField(null=True, blank=True)
    email = models.CharField(max_length=254, blank=True)
    plan_tier = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, blank=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "upload", "number"], name="endusers_uploadline_uniq")
        ]
