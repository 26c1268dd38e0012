"""One human, once, across all tenants."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from authsec.database.fields import uuid7

# The domain of an identity without an address of its own (RFC 2606 §2: never a real one).
NO_ADDRESS = "no-address.invalid"


class IdentityManager(BaseUserManager["Identity"]):
    """Makes identities; the e-mail address is the natural key at sign-in."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Identity":
        """Create an identity with a lower-cased e-mail and a hashed password (unusable when None)."""
        identity = self.model(email=email.strip().lower(), **fields)
        identity.set_password(password)
        identity.save(using=self._db)
        return identity

    def get_by_natural_key(self, username: str | None) -> "Identity":
        return self.get(email=(username or "").strip().lower())


class Identity(AbstractBaseUser):
    """A human's credentials, e-mail and name. Operators never query it: they see a tenant's Profile."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_installation_admin = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    password_changed_at = models.DateTimeField(null=True, blank=True)

    objects = IdentityManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name_plural = "identities"
        # Kept in lower case, so that one address cannot be two people.
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="tenants_identity_email_lower"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, and when. Hashing the same one anew saves the hash alone and leaves the moment."""
        super().set_password(raw_password)
        self.password_changed_at = timezone.now() if raw_password else None

    @property
    def has_address(self) -> bool:
        """Whether the e-mail address is one; else it only keeps the place of one (``tenants.provisioning``)."""
        return not self.email.endswith(f"@{NO_ADDRESS}")

    def get_full_name(self) -> str:
        """The name to greet with: the chosen one, else the part of the e-mail before the @."""
        return self.name or (self.email.partition("@")[0] if self.has_address else "Somebody")

    get_short_name = get_full_name


class IdentityLink(models.Model):
    """A subject of an issuer (OpenID Connect ``iss`` and ``sub``) that is this identity: one way of signing in.

    Signing in here is one too, with our own issuer. ``email`` and ``name`` are what the issuer said last; the
    identity's own may differ.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="links")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.EmailField(max_length=254, blank=True)
    email_verified = models.BooleanField(default=False)
    name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_login_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="tenants_link_uniq")]
        indexes = [models.Index(fields=["email"], name="tenants_link_email_idx")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
