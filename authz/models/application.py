"""What is protected: an MCP server, a web app, an API; and the scopes that it understands."""

from django.db import models
from django.urls import reverse
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class Application(TenantRow):
    """A protected resource. ``resource_uri`` is what clients name as ``resource`` (RFC 8707) and tokens as ``aud``."""

    class Kind(models.TextChoices):
        MCP_SERVER = "mcp_server", "MCP server"
        WEB_APP = "web_app", "Web app"
        API = "api", "API"

    class Status(models.TextChoices):
        ENABLED = "enabled", "Enabled"
        DISABLED = "disabled", "Disabled"

    class Admission(models.TextChoices):
        ANYONE = "anyone", "Anyone who signs in"
        MEMBERS = "members", "Active members only"
        LISTED = "listed", "People listed beforehand"

    class Proof(models.TextChoices):
        DOCUMENT = "document", "The document at the address names this server"
        NAMED = "named", "The document at the address names this Application"
        DNS = "dns", "A DNS record names this Application"
        LOOPBACK = "loopback", "An address of this computer, in development"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MCP_SERVER)
    description = models.CharField(max_length=500, blank=True)
    resource_uri = models.CharField(max_length=500)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.CharField(max_length=10, choices=Proof.choices, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When a proof was looked for last.")
    check_problem = models.CharField(max_length=500, blank=True, help_text="What the last check missed.")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="When a proof was missed first.")
    support_contact = models.CharField(max_length=320, blank=True, help_text="E-mail address or https page.")
    privacy_uri = models.CharField(max_length=500, blank=True)
    terms_uri = models.CharField(max_length=500, blank=True)
    logo_digest = models.CharField(max_length=64, blank=True, help_text="Which logo it has; empty: none.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ENABLED)
    admission = models.CharField(max_length=10, choices=Admission.choices, default=Admission.ANYONE)
    rate_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Calls per window.")
    rate_window_s = models.PositiveIntegerField(default=60, help_text="Seconds.")
    enforce_rate_limit = models.BooleanField(
        default=False, help_text="Whether this server counts the calls, whosever limit applies."
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("authz_application"),
            # A resource URI belongs to whoever proved it; an unproved one only stands for its tenant's own members.
            models.UniqueConstraint(
                fields=["resource_uri"],
                condition=models.Q(verified_at__isnull=False, ended_at__isnull=True),
                name="authz_application_verified_uri_uniq",
            ),
            models.UniqueConstraint(
                fields=["tenant", "resource_uri"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_application_uri_uniq",
            ),
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_application_name_uniq",
            ),
        ]
        indexes = [
            models.Index(
                "tenant",
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="authz_application_created_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def own_limit(self) -> dict[str, int] | None:
        """Calls in seconds that everybody has without a tier's or an own limit; None: no such limit."""
        return {"limit": self.rate_limit, "window_s": self.rate_window_s} if self.rate_limit else None

    @property
    def logo_url(self) -> str:
        """The path of its logo on this server; empty: it has none."""
        if not self.logo_digest:
            return ""
        return reverse(
            "public:application_logo", kwargs={"application_id": self.pk, "digest": self.logo_digest}
        )

    @property
    def support_url(self) -> str:
        """Where a link to whom to ask leads: a page, or mailto: an address; empty: nobody was named."""
        contact = self.support_contact
        return contact if not contact or contact.startswith("https://") else f"mailto:{contact}"


class ApplicationPast(TenantRow):
    """What an Application was until a moment, where that decides who gets a token: written when it changes.

    A past moment is answered by the first row whose ``until`` comes after it, or by the Application as it is.
    """

    application = TenantForeignKey(Application)
    until = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Application.Status.choices)
    verified = models.BooleanField()
    admission = models.CharField(max_length=10, choices=Application.Admission.choices)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "application", "until"], name="authz_past_application_idx"),
            models.Index(fields=["until"], name="authz_past_until_idx"),
        ]


class ApplicationLogo(TenantRow):
    """The picture behind an Application's ``logo_digest``: a PNG of our own making, which anybody may see."""

    application = TenantForeignKey(Application)
    content = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "application"], name="authz_applicationlogo_uniq")
        ]


class Scope(TenantRow):
    """A string that an Application understands. An Application's live rows are its ``scopes_supported``."""

    class Risk(models.TextChoices):
        LOW = "low", "Low risk"
        MEDIUM = "medium", "Medium risk"
        HIGH = "high", "High risk"
        CRITICAL = "critical", "Critical risk"

    application = TenantForeignKey(Application, related_name="scopes")
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=300, blank=True)
    risk = models.CharField(max_length=10, choices=Risk.choices, default=Risk.LOW)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_scope_name_uniq",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "application", "name", "ended_at"], name="authz_scope_app_idx"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="authz_scope_closed_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name
