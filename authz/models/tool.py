"""The tools that an Application publishes, and who may call them: published facts here, operators' decisions there.

Two tables, so that what a server says about itself can never touch what an operator decided about it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow

MAX_SCOPES_A_TOOL = 20


class Inventory(TenantRow):
    """One row for each Application that published or was decided about: when, and how often its policy changed.

    ``generation`` grows by one with each change of what the policy says. Changes take their turn on this row.
    """

    application = TenantForeignKey("authz.Application")
    generation = models.PositiveBigIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)
    published_with = models.CharField(max_length=64, blank=True, help_text="Id of the resource credential.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "application"], name="authz_inventory_app_uniq")
        ]


class Tool(TenantRow):
    """A tool as its server describes it. It is closed when a manifest leaves it out; one that comes back is a new row.

    ``suggested_scopes`` is the server's word alone: no decision rests on it.
    """

    application = TenantForeignKey("authz.Application")
    name = models.CharField(max_length=128)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    input_schema = models.JSONField(null=True, blank=True)
    annotations = models.JSONField(null=True, blank=True)
    suggested_scopes = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    published_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="Of its description or schema.")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_tool_name_uniq",
            ),
        ]
        # Full, not partial on ended_at: questions about a past moment use the same index.
        indexes = [
            models.Index(fields=["tenant", "application", "name", "ended_at"], name="authz_tool_app_idx")
        ]

    def __str__(self) -> str:
        return self.name


class ToolRule(TenantRow):
    """An operator's decision on who may call the tool of this name: the one that stands, and those before it.

    By name, not by row: a tool that is taken back and published anew meets the same decision. Not public and without
    scopes means that nobody may.
    """

    application = TenantForeignKey("authz.Application")
    tool_name = models.CharField(max_length=128)
    is_public = models.BooleanField(default=False)
    required_scopes = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application", "tool_name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_toolrule_name_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(is_public=False) | models.Q(required_scopes=[]),
                name="authz_toolrule_one_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "application", "tool_name", "ended_at"], name="authz_toolrule_app_idx"
            )
        ]

    def __str__(self) -> str:
        return self.tool_name
