"""What asks for tokens, and what a tenant says of it."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from oauth2_provider.models import AbstractApplication

from authsec.database.fields import TenantForeignKey, uuid7
from authsec.secrets import same_secret
from oauth.documents.location import host_of
from oauth.models.columns import identity_reference
from tenants.models import TenantRow


class Client(AbstractApplication):
    """What asks for tokens. Without a tenant it belongs to the installation (registered by itself or by document)."""

    class AuthMethod(models.TextChoices):
        NONE = "none", "none (public)"
        BASIC = "client_secret_basic", "client_secret_basic"
        POST = "client_secret_post", "client_secret_post"
        PRIVATE_KEY_JWT = "private_key_jwt", "private_key_jwt"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    user = identity_reference()
    service_account = TenantForeignKey("authz.ServiceAccount", null=True, blank=True)
    token_endpoint_auth_method = models.CharField(
        max_length=30, choices=AuthMethod.choices, default=AuthMethod.NONE
    )
    grant_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    api_access = models.BooleanField(default=False, help_text="May ask for the management API's scopes.")
    client_uri = models.CharField(max_length=500, blank=True)
    metadata = models.JSONField(
        default=dict, blank=True, help_text="What the client said when it registered."
    )
    jwks = models.JSONField(
        null=True, blank=True, help_text="Public keys that it proves itself by; with jwks_uri, as fetched."
    )
    jwks_uri = models.CharField(max_length=500, blank=True, default="", db_default="")
    jwks_expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When the keys at jwks_uri are to be fetched again."
    )
    document_fetched_at = models.DateTimeField(
        null=True, blank=True, help_text="When the document that is this client's id was read last."
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    old_secret = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="SHA-256 of the secret before this one.",
    )
    old_secret_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when the old secret works beside the new one."
    )
    logo = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Digest of its picture in ClientLogo."
    )

    class Meta(AbstractApplication.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(service_account__isnull=True) | models.Q(tenant__isnull=False),
                name="oauth_client_account_has_tenant",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "created"], name="oauth_client_tenant_idx"),
            models.Index(
                fields=["created"],
                condition=models.Q(tenant__isnull=True, last_used_at__isnull=True),
                name="oauth_client_unused_idx",
            ),
        ]

    @property
    def proves_by_key(self) -> bool:
        """Whether it authenticates by private_key_jwt, and so by nothing else."""
        return bool(self.token_endpoint_auth_method == self.AuthMethod.PRIVATE_KEY_JWT)

    @property
    def has_secret(self) -> bool:
        """Whether a secret opens it. Where it has none, the toolkit keeps the digest of an empty one."""
        secret = self.client_secret.rpartition("$")[2]
        by_secret = self.client_type == self.CLIENT_CONFIDENTIAL and not self.proves_by_key
        return by_secret and bool(secret) and not same_secret("", secret)

    def has_old_secret(self, at: datetime) -> bool:
        """Whether the secret before the last rotation still works."""
        return bool(self.old_secret) and self.old_secret_until is not None and at < self.old_secret_until

    @property
    def is_installations_own(self) -> bool:
        """Whether whoever runs this server made it: of all others anybody may have chosen the addresses."""
        return self.tenant_id is None and self.registration_source == self.RegistrationSource.MANUAL

    @property
    def document_host(self) -> str:
        """The host that this client's document was fetched from, the one thing proved of it; '' without a document."""
        by_document = self.registration_source == self.RegistrationSource.CIMD
        return host_of(self.client_id) if by_document else ""

    @property
    def known_as(self) -> str:
        """The name, with the checked host where there is one, for what is written down for later."""
        return f"{self.name} ({host})"[:255] if (host := self.document_host) else self.name


class ClientLogo(models.Model):
    """The picture of a client that is known by its document, made anew here; of the installation, like the client.

    ``problem`` says why there is none, for the operator. Only authsec_system writes it.
    """

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, related_name="picture")
    uri = models.CharField(max_length=500)
    digest = models.CharField(max_length=64, blank=True, db_index=True)
    content = models.BinaryField(default=bytes)
    problem = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField()


class ClientApproval(TenantRow):
    """The tenant's word on a client. Without a row the tenant's policy decides.

    ``limited_at``: since when the client reaches only what its live ClientLimit rows say, so that none means nothing.
    ``judged`` is what the client said of itself when the tenant decided.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        DENIED = "denied", "Denied"

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="approvals")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last got a token for this tenant, to within five minutes."
    )
    limited_at = models.DateTimeField(null=True, blank=True)
    judged = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "client"], name="oauth_clientapproval_uniq"),
        ]
        indexes = [
            models.Index(
                "tenant",
                models.F("last_seen_at").desc(),
                models.F("id").desc(),
                name="oauth_clientapproval_seen_idx",
            ),
            models.Index(
                fields=["last_seen_at"],
                condition=models.Q(status="pending", last_used_at__isnull=True),
                name="oauth_clientapproval_open_idx",
            ),
            # Of all tenants, as a consent's.
            models.Index(fields=["client"], name="oauth_clientapproval_client_id"),
        ]


class ClientPolicy(TenantRow):
    """Which clients of the installation a tenant lets in, by how they came. Without a row: open."""

    class Policy(models.TextChoices):
        OPEN = "open", "Any client; consent and entitlement still decide"
        REVIEW = "review", "Each new client waits for review"
        ALLOW_LIST = "allow_list", "Only clients of listed hosts"

    metadata_policy = models.CharField(max_length=10, choices=Policy.choices, default=Policy.OPEN)
    registration_policy = models.CharField(max_length=10, choices=Policy.choices, default=Policy.OPEN)
    allowed_hosts = ArrayField(models.CharField(max_length=255), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="oauth_clientpolicy_uniq")]


class ClientLimit(TenantRow):
    """One Application, or one scope of it, that a limited client still reaches. ``scope`` '' : all of them."""

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="limits")
    application = TenantForeignKey("authz.Application")
    scope = models.CharField(max_length=128, blank=True)
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "client", "application", "scope"],
                condition=models.Q(ended_at__isnull=True),
                name="oauth_clientlimit_live_uniq",
            )
        ]
