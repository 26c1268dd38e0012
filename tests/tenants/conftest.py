"""What the tests of this room share."""

import pytest


@pytest.fixture(autouse=True)
def quick_sign_in(settings: object) -> None:
    """Passwords hash quickly, and mails go to the outbox that the mailbox page shows."""
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "authsec.secrets.FastHasher",
    ]
    settings.PUBLIC_URL = "http://localhost:8000"  # type: ignore[attr-defined]
    settings.EMAIL_BACKEND = "authsec.outbox.OutboxBackend"  # type: ignore[attr-defined]
