"""Who did what: append-only, with the names copied in, so that an event reads the same in ten years."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from authsec.database.fields import uuid7
from authsec.database.scope import ScopedManager


class Event(models.Model):
    """One action on a tenant. The application role may insert and read, never update or delete."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=255, blank=True)
    actor_capacity = models.CharField(max_length=40, blank=True, help_text="As what: the member type.")
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.UUIDField(null=True, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    about_id = models.UUIDField(
        null=True, blank=True, help_text="Whom it concerns besides the target: who was put into a group, say."
    )
    reason = models.CharField(max_length=500, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    via = models.CharField(max_length=20, blank=True, help_text="console, api, oauth, command")
    request_id = models.CharField(max_length=64, blank=True)
    policies = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [
            models.Index("tenant", models.F("at").desc(), models.F("id").desc(), name="audit_event_at_idx"),
            models.Index(
                "tenant",
                "target_id",
                models.F("at").desc(),
                models.F("id").desc(),
                name="audit_event_target_idx",
            ),
            models.Index(
                "tenant",
                "about_id",
                models.F("at").desc(),
                models.F("id").desc(),
                condition=models.Q(about_id__isnull=False),
                name="audit_event_about_idx",
            ),
            models.Index(
                "tenant",
                "actor_id",
                models.F("at").desc(),
                models.F("id").desc(),
                name="audit_event_actor_idx",
            ),
            models.Index(
                "tenant",
                "action",
                models.F("at").desc(),
                models.F("id").desc(),
                name="audit_event_action_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"


class InstallationEvent(models.Model):
    """One action that concerns no tenant: how a person signs in, or the installation as such. Named by id alone.

    The application role may insert and nothing else: no tenant's people ever read it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="Whom it concerns; by value, so that it outlives them. None: everybody.",
    )
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.UUIDField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=400, blank=True, help_text="What the browser said of itself.")
    via = models.CharField(max_length=20, blank=True, help_text="console, api, oauth, command")
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                "identity_id",
                models.F("at").desc(),
                models.F("id").desc(),
                name="audit_installation_whose_idx",
            ),
            models.Index(
                "at",
                condition=models.Q(identity_id__isnull=False),
                name="audit_installation_old_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M}"
