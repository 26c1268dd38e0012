"""The letter to whoever runs an Application: the proof of its address is missed, or somebody else proved it better.

What a page asked for comes from strangers: the text gets it in one line, the HTML escaped, and the only link is ours.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from procrastinate.contrib.django import app

from authsec.database.context import tenant_context
from authz.effective.wanted import Wanted
from authz.effective.who_has import AsIf, Narrowed, following
from authz.models import Application
from tenants.models import Membership, Tenant
from tenants.plain_text import one_line

TASK = "oauth.tell_of_proof"
MOST_TOLD = 50
LONGEST_SUBJECT = 150  # characters; a mail program shows fewer


def tell_later(application: Application) -> None:
    """Put the letter into the queue, inside the transaction that notes the loss: both are kept or neither."""
    app.configure_task(TASK, lock=f"proof:{application.pk}").defer(
        tenant_id=str(application.tenant_id), application_id=str(application.pk)
    )


def tell(*, tenant_id: UUID, application_id: UUID, now: datetime) -> int:
    """Write to each member who may change the Application what is so now; returns to how many.

    Nobody is told of a proof that was found again meanwhile. Raises what keeps the mail server away, for the job to try
    again.
    """
    with tenant_context(tenant_id):
        application = Application.objects.filter(
            tenant_id=tenant_id, pk=application_id, ended_at=None
        ).first()
        if application is None or not application.check_problem:
            return 0
        facts = _facts(application)
        to = _operators(application, now)
    letters = [_letter(facts, address) for address in to]
    with get_connection() as server:
        server.send_messages(letters)
    return len(letters)


def _operators(application: Application, now: datetime) -> list[str]:
    """The addresses of active members who may change it, those included who first have to show a second factor."""
    people, _ = following(
        tenant_id=application.tenant_id,
        wanted=Wanted(application_id=application.pk, permission="apps:manage"),
        as_if=AsIf(now),
        narrowed=Narrowed(),
        after=None,
        size=MOST_TOLD,
    )
    return [
        person.email
        for person in people
        if person.ways and person.email and person.member_status == Membership.Status.ACTIVE
    ]


def _facts(application: Application) -> dict[str, Any]:
    tenant = Tenant.objects.get(pk=application.tenant_id)
    place = reverse("oauth:address", kwargs={"slug": tenant.slug, "application_id": application.pk})
    return {
        "lost": application.verified_at is None,
        "application": one_line(application.name),
        "tenant": one_line(tenant.name),
        "address": application.resource_uri,
        "problem": one_line(application.check_problem),
        "url": f"{settings.PUBLIC_URL}{place}",
        "public_url": settings.PUBLIC_URL,
    }


def _letter(facts: dict[str, Any], to: str) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=one_line(render_to_string("oauth/email/proof_subject.txt", facts))[:LONGEST_SUBJECT],
        body=render_to_string("oauth/email/proof_message.txt", facts),
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834 §5
    )
    message.attach_alternative(render_to_string("oauth/email/proof_message.html", facts), "text/html")
    return message
