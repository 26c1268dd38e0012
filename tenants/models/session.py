"""One browser's session. What it holds is written and read by ``authsec.sessions`` only."""

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class Session(AbstractBaseSession):
    """The key is a SHA-256, the data encrypted; open stand only whose it is, its public id, and when and from where it
    was used last. Narrow, because it is written while it is used.
    """

    identity = models.ForeignKey(
        "tenants.Identity", models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )
    sid = models.UUIDField(null=True, blank=True, help_text="Stays when the key changes.")
    last_active_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta(AbstractBaseSession.Meta):
        indexes = [
            models.Index(
                fields=["identity", "sid"],
                condition=models.Q(identity__isnull=False),
                name="tenants_session_identity_idx",
            )
        ]

    @classmethod
    def get_session_store_class(cls) -> type:
        """The store that reads the rows (Django asks for it)."""
        from authsec.sessions import SessionStore

        return SessionStore
