"""What the worker does for this context."""

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from oauth.documents import logos


@app.task(name=logos.TASK)
def read_logo(*, client_id: str) -> None:
    """Read the logo that a client's document names."""
    logos.read(UUID(client_id), now=timezone.now())
