"""The picture that a client's document names: fetched by a job, made anew, served from our own origin.

A person's browser never asks the client's server, which would learn of every visitor, and nothing of the sender's
bytes reaches it (:mod:`authsec.web.pictures`). Clients that registered themselves have none: nobody proved that a
picture is theirs to show, while a document is fetched from a host that the page names beside it.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from procrastinate.contrib.django import app

from authsec.database.context import system_context
from authsec.web import pictures
from oauth.models import Client, ClientApproval, ClientLogo
from oauth.outbound import fetch as fetching
from oauth.outbound.location import Wrong, read_location

TASK = "oauth.read_logo"
# No SVG, which is a program, and nothing that a browser would have to guess at.
ERRAND = fetching.Errand(
    accept="image/png, image/jpeg, image/webp or image/gif",
    media_types=r"image/(png|jpeg|webp|gif)",
    max_bytes=pictures.MAX_BYTES,
)
READ_AGAIN = timedelta(days=1)


def logo_url(client: Client) -> str:
    """Where the client's picture is served; '' when it has none."""
    return address_of(client.logo)


def address_of(digest: str) -> str:
    """Where the picture with this digest is served; '' for none."""
    return reverse("protocol:client_logo", kwargs={"digest": digest}) if digest else ""


def shown_to_people(*, tenant_id: UUID | None, client: Client) -> str:
    """As :func:`logo_url`, for the consent page: a picture that changed since the tenant approved the client is not
    shown until somebody approves it again.
    """
    if not client.logo or tenant_id is None:
        return logo_url(client)
    judged = ClientApproval.objects.filter(
        tenant_id=tenant_id, client=client, status=ClientApproval.Status.APPROVED
    ).values_list("judged", flat=True)
    changed = any(facts and facts.get("logo") != client.logo for facts in judged)
    return "" if changed else logo_url(client)


def ask_for(client: Client, *, now: datetime) -> None:
    """Put the reading of a document's logo into the queue, where it is due. Inside the transaction that keeps the
    document, so that both are kept or neither.
    """
    uri = client.metadata.get("logo_uri")
    known = ClientLogo.objects.filter(client=client).defer("content").first()
    if not uri:
        if known:
            known.delete()
        return
    if known is None or known.uri != uri or known.read_at < now - READ_AGAIN:
        app.configure_task(TASK, lock=f"logo:{client.pk}").defer(client_id=str(client.pk))


def read(client_id: UUID, *, now: datetime) -> None:
    """Fetch a client's logo and keep it, or why there is none. Where no transaction is open: it may take seconds.

    What answers wrongly takes the picture away; one that is only out of reach leaves the picture of the same address.
    """
    with system_context():
        client = Client.objects.filter(
            pk=client_id, registration_source=Client.RegistrationSource.CIMD, disabled_at__isnull=True
        ).first()
    uri = client.metadata.get("logo_uri") if client else None
    if client is None or not isinstance(uri, str):
        return
    content, problem, reached = b"", "", True
    try:
        content = pictures.logo(fetching.fetch(read_location(uri), errand=ERRAND).body)
    except (Wrong, pictures.NotAPicture) as wrong:
        problem = f"A rule for logos is broken: {str(wrong).rstrip('.')}."
    except fetching.Unreachable as unreachable:
        problem, reached = f"The logo {unreachable}.", False
    _keep(client.pk, uri, content, problem[:300], now, same_stays=not reached)


def _keep(
    client_id: UUID, uri: str, content: bytes, problem: str, now: datetime, *, same_stays: bool
) -> None:
    with system_context():
        client = Client.objects.select_for_update(no_key=True).filter(pk=client_id).first()
        if client is None or client.metadata.get("logo_uri") != uri:
            return  # the document was read again meanwhile, and asked for another
        known = ClientLogo.objects.filter(client=client).first()
        if same_stays and known and known.uri == uri and known.digest:
            content, digest = bytes(known.content), known.digest
        else:
            digest = hashlib.sha256(content).hexdigest() if content else ""
        facts = {"uri": uri, "digest": digest, "content": content, "problem": problem, "read_at": now}
        ClientLogo.objects.update_or_create(client=client, defaults=facts)
        Client.objects.filter(pk=client_id).update(logo=digest)
