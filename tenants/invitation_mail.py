"""The invitation as a letter: text and HTML, handed to the mail server after the commit.

Names and message come from people who may mean harm: subject and text get one line each without control characters,
the message is quoted line by line, the HTML is escaped, and the only link is ours.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from authsec.database.context import tenant_context
from tenants.models import Invitation
from tenants.plain_text import one_line

log = logging.getLogger(__name__)
LONGEST_SUBJECT = 150  # characters; a mail program shows fewer


@dataclass(frozen=True)
class Letter:
    """One message, and the invitation whose link of that digest it carries."""

    invitation_id: UUID
    token_digest: str
    message: EmailMultiAlternatives


def letter(invitation: Invitation, *, tenant_name: str, token: str) -> Letter:
    """Write the mail now, so that what is sent after the commit needs no further look at the database."""
    facts = {
        "tenant": one_line(tenant_name),
        "inviter": one_line(invitation.sent_by_name),
        "type": invitation.get_type_display(),
        "message": invitation.message,
        "quoted": [f"> {line}" for line in invitation.message.splitlines()],
        "email": invitation.email,
        "expires_at": invitation.expires_at,
        "link": f"{settings.PUBLIC_URL}{reverse('invitation', kwargs={'token': token})}",
        "public_url": settings.PUBLIC_URL,
    }
    subject = one_line(render_to_string("tenants/email/invitation_subject.txt", facts))[:LONGEST_SUBJECT]
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("tenants/email/invitation_message.txt", facts),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834 §5
    )
    message.attach_alternative(render_to_string("tenants/email/invitation_message.html", facts), "text/html")
    return Letter(invitation.pk, invitation.token_digest, message)


def send_on_commit(tenant_id: UUID, letters: Sequence[Letter]) -> None:
    """Send once the invitations are there to be found. A mail server that fails undoes nothing.

    Never through a job: its arguments would hold the link.
    """
    if letters:
        transaction.on_commit(partial(_send, tenant_id, tuple(letters)), robust=True)


def _send(tenant_id: UUID, letters: Sequence[Letter]) -> None:
    """One connection for all. The first failure ends it: what follows would wait for the same timeout."""
    taken = []
    try:
        with get_connection() as server:
            for each in letters:
                each.message.connection = server
                each.message.send()
                taken.append(each)
    except Exception as error:  # whatever keeps the mail server away
        # Without the traceback: its frames hold the links.
        log.error(
            "%d of %d invitations were not mailed: %s",
            len(letters) - len(taken),
            len(letters),
            type(error).__name__,
        )
    if taken:
        _note_sent(tenant_id, taken)


def _note_sent(tenant_id: UUID, letters: Sequence[Letter]) -> None:
    now = timezone.now()
    with tenant_context(tenant_id):
        for each in letters:
            Invitation.objects.filter(
                tenant_id=tenant_id, pk=each.invitation_id, token_digest=each.token_digest
            ).update(sent_at=now)
