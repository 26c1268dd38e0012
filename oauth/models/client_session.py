"""Where sessions signed their people in."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from oauth.models.client import Client
from tenants.models import TenantRow


class ClientSession(TenantRow):
    """That a browser's session here signed its person in at a client: whom to tell when it is over.

    Its id is the ``sid`` of that client's id_tokens (OpenID Connect Back-Channel Logout §2.1): another one for each
    client, so that two of them can't compare. ``session`` is the session's own public id.
    """

    user = TenantForeignKey("tenants.TenantUser", related_name="+")
    # By value for the database, like a token's: signing in at a client takes a consent.
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    session = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Kept until the client was told.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "session", "client"],
                condition=models.Q(ended_at__isnull=True),
                name="oauth_clientsession_live_uniq",
            )
        ]
        indexes = [
            models.Index(fields=["session"], name="oauth_clientsession_sid_idx"),
            models.Index(fields=["tenant", "user"], name="oauth_clientsession_user_idx"),
            models.Index(fields=["created_at"], name="oauth_clientsession_age_idx"),
        ]
