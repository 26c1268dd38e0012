"""A tenant's stable pointer to a person, and what that person shares with the tenant."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models.base import TenantRow, same_tenant_target


class TenantUser(TenantRow):
    """The per-tenant projection of an identity: the target of every foreign key; it survives leaving.

    Its id is the *user ID* that operators paste and the ``sub`` that Applications see.
    """

    identity = models.ForeignKey("tenants.Identity", models.PROTECT, db_index=False, related_name="+")

    class Meta:
        db_table = "users"
        constraints = [
            same_tenant_target("users"),
            models.UniqueConstraint(fields=["tenant", "identity"], name="users_tenant_identity_uniq"),
        ]
        # The switcher and the connections page read one person across tenants, through definer functions.
        indexes = [models.Index(fields=["identity", "tenant"], name="users_identity_tenant_idx")]

    def __str__(self) -> str:
        return str(self.id)


class Profile(TenantRow):
    """E-mail and display name as this person shares them with this tenant; refreshed at each sign-in."""

    user = TenantForeignKey(TenantUser, related_name="profiles")
    email = models.EmailField(max_length=254)
    display_name = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # With what is read of thousands at once, for a search or an event of each: the index alone answers.
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"], include=["email", "display_name"], name="tenants_profile_user_uniq"
            )
        ]
        # Part of a name or an address, from three letters on: trigrams. Its beginning: the two pattern indexes.
        indexes = [
            models.Index(fields=["tenant", "email"], name="tenants_profile_email_idx"),
            GinIndex(
                fields=["tenant", "email", "display_name"],
                opclasses=["uuid_ops", "gin_trgm_ops", "gin_trgm_ops"],
                name="tenants_profile_trigram_idx",
            ),
            models.Index(
                "tenant",
                OpClass(models.F("email"), "varchar_pattern_ops"),
                name="tenants_profile_email_from_idx",
            ),
            models.Index(
                "tenant",
                OpClass(Lower("display_name"), "text_pattern_ops"),
                name="tenants_profile_name_from_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email
