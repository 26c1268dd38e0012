"""Mail in development: one ``.eml`` file a message under ``var/outbox``, read back by the mailbox page."""

import email
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from authsec.database.fields import uuid7

NAME = re.compile(r"[0-9a-f]{32}\.eml")


class OutboxBackend(BaseEmailBackend):
    """Writes each message to a file of its own; names sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            draft = folder / f"{uuid7().hex}.draft"
            draft.write_bytes(message.message().as_bytes())
            draft.rename(draft.with_suffix(".eml"))
        return len(email_messages)


@dataclass(frozen=True)
class Mail:
    """One sent message, as the mailbox page shows it."""

    name: str
    to: str
    subject: str
    at: datetime
    text: str

    @property
    def links(self) -> list[str]:
        """The addresses in the text, in order."""
        return re.findall(r"https?://\S+", self.text)


def message(name: str) -> Mail | None:
    """The message in file ``name``; None when there is none or the name is not one of ours."""
    path = Path(settings.EMAIL_FILE_PATH) / name
    if not NAME.fullmatch(name) or not path.is_file():
        return None
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = parsed.get_body(preferencelist=("plain",))
    return Mail(
        name=name,
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        at=datetime.fromtimestamp(path.stat().st_mtime).astimezone(),
        text=body.get_content() if body else "",
    )


def messages(limit: int = 100) -> list[Mail]:
    """The newest messages first, at most ``limit``."""
    folder = Path(settings.EMAIL_FILE_PATH)
    names = sorted((path.name for path in folder.glob("*.eml")), reverse=True)[:limit]
    return [found for name in names if (found := message(name))]
