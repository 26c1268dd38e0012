"""A consumer's state in one tenant: kept narrow, because it changes often and there may be millions."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey, uuid7
from authsec.database.scope import ScopedManager
from tenants.models import TenantRow, same_tenant_target


class PlanTier(TenantRow):
    """What a consumer buys from a tenant. A binding subject: its roles reach everybody who holds the tier."""

    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    rate_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Calls per window.")
    rate_window_s = models.PositiveIntegerField(default=60, help_text="Seconds.")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            same_tenant_target("endusers_plantier"),
            models.UniqueConstraint(fields=["tenant", "key"], name="endusers_plantier_key_uniq"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="endusers_plantier_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EndUser(models.Model):
    """A consumer's row: status, plan tier, rate-limit override, first consent, last seen. Never invited."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    user = models.OneToOneField(
        "tenants.TenantUser", models.PROTECT, primary_key=True, db_constraint=False, related_name="end_user"
    )
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    plan_tier = TenantForeignKey(PlanTier)
    rate_limit_override = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_consent_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.UUIDField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="endusers_enduser_tenant_user_uniq"),
            models.CheckConstraint(
                condition=~models.Q(status="suspended") | models.Q(suspended_at__isnull=False),
                name="endusers_enduser_suspended_when",
            ),
        ]
        # One per sort of the list; the key breaks ties, so that a page boundary is a point.
        indexes = [
            models.Index(
                "tenant", models.F("created_at").desc(), models.F("user").desc(), name="endusers_created_idx"
            ),
            models.Index(
                "tenant",
                models.F("last_seen_at").desc(nulls_last=True),
                models.F("user").desc(),
                name="endusers_seen_idx",
            ),
            models.Index(
                "tenant",
                models.F("first_consent_at").desc(nulls_last=True),
                models.F("user").desc(),
                name="endusers_consent_idx",
            ),
            models.Index(fields=["tenant", "status", "user"], name="endusers_status_idx"),
            models.Index(fields=["tenant", "plan_tier", "user"], name="endusers_tier_idx"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class EndUserTier(TenantRow):
    """From when to when a consumer held a tier."""

    user = TenantForeignKey("tenants.TenantUser")
    plan_tier = TenantForeignKey(PlanTier)
    from_at = models.DateTimeField(default=timezone.now)
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(to_at__isnull=True),
                name="endusers_tier_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "from_at"], name="endusers_tier_history_idx"),
            # Who held a tier once: few, beside those who hold it.
            models.Index(
                fields=["tenant", "plan_tier", "user"],
                condition=models.Q(to_at__isnull=False),
                name="endusers_tier_former_idx",
            ),
            models.Index(
                fields=["to_at"], condition=models.Q(to_at__isnull=False), name="endusers_tier_closed_idx"
            ),
        ]


class StandingChange(models.Model):
    """One change of a person's status in a tenant, as member or as end user, or of a member's type.

    A past moment is answered by the first change after it: by what it changed ``from`` (an empty status: nothing was
    there), and where none came by what stands now. So the changes of one person and capacity stand in the order in
    which they were made (``endusers.standing``).
    """

    class Capacity(models.TextChoices):
        MEMBER = "member", "Member"
        END_USER = "end_user", "End user"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
    user = TenantForeignKey("tenants.TenantUser")
    capacity = models.CharField(max_length=10, choices=Capacity.choices)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    from_type = models.CharField(max_length=20, blank=True)
    to_type = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "user", "at"], name="endusers_standing_idx"),
            models.Index(fields=["at"], name="endusers_standing_at_idx"),
        ]


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
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
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
