"""The mails about handing a tenant over. They hold no secret: their links ask for sign-in and a fresh proof."""

from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from tenants.models import OwnershipTransfer, Profile, Tenant


def tell(offer: OwnershipTransfer, happened: str, to_user_id: UUID) -> None:
    """Write to one side what ``happened`` (offered, accepted, declined), and send it once it is committed.

    A mail server that is down undoes nothing: the offer stands on Settings → General as well.
    """
    tenant = Tenant.objects.get(pk=offer.tenant_id)
    sides = [offer.from_user_id, offer.to_user_id]
    people = {
        profile.user_id: profile
        for profile in Profile.objects.filter(tenant_id=offer.tenant_id, user_id__in=sides)
    }
    path = reverse("tenants:answer_transfer", kwargs={"slug": tenant.slug, "transfer_id": offer.pk})
    context = {
        "happened": happened,
        "tenant": tenant.name,
        "offerer": str(people[offer.from_user_id]),
        "taker": str(people[offer.to_user_id]),
        "expires_at": offer.expires_at,
        "url": f"{settings.PUBLIC_URL}{path}",
        "public_url": settings.PUBLIC_URL,
    }
    subject = " ".join(render_to_string("tenants/email/transfer_subject.txt", context).split())
    body = render_to_string("tenants/email/transfer_message.txt", context)
    to = [people[to_user_id].email]
    transaction.on_commit(partial(send_mail, subject, body, None, to), robust=True)
