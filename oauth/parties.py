"""Who asks and for what, as a consent page names them: what was proved of each, and what it only says of itself."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from authz.models import Application
from oauth.authorization import AuthorizationRequest
from oauth.clients import redirects
from oauth.consent import Target
from oauth.documents.logos import shown_to_people
from oauth.models import Client
from tenants.plain_text import one_line

SHORT = 40  # characters of a client's name that a sentence of ours repeats


@dataclass(frozen=True)
class ClientFacts:
    """Who asks, as far as anybody checked. ``host`` is what was proved or claimed; ``proof`` says which: document,
    tenant, installation or itself. ``checked_at``: when the host's document was read.
    """

    name: str
    host: str
    proof: str
    returns: redirects.Destination
    checked_at: datetime | None = None
    logo_url: str = ""

    @property
    def short(self) -> str:
        """The name in our own sentences, too short to be one itself; in full it stands where it says who asks."""
        return Truncator(self.name).chars(SHORT)

    @property
    def isolated(self) -> str:
        """The name for a sentence that has no markup: written right to left it turns nothing else round."""
        return f"\u2068{self.short}\u2069"

    @property
    def vouched(self) -> bool:
        """Whether anybody but the client itself stands for its name."""
        return self.proof != "itself"


def client_facts(asked: AuthorizationRequest, tenant_id: UUID | None = None) -> ClientFacts:
    """Describe the client of a request to the people of a tenant."""
    client, checked_at = asked.client, None
    source = client.registration_source
    if client.tenant_id is not None:
        proof, host = "tenant", ""
    elif source == Client.RegistrationSource.CIMD:
        proof, host, checked_at = "document", client.document_host, client.document_fetched_at
    elif source == Client.RegistrationSource.DCR:
        proof, host = "itself", urlsplit(client.client_uri).hostname or ""
    else:
        proof, host = "installation", ""
    logo_url = shown_to_people(tenant_id=tenant_id, client=client)
    return ClientFacts(name_of(client), host, proof, asked.destination, checked_at, logo_url)


def name_of(client: Client) -> str:
    """What a client calls itself, in one line."""
    return one_line(client.name) or _("An unnamed client")


@dataclass(frozen=True)
class ApplicationFacts:
    """What is asked for. ``host``: of its resource URI, which a verified Application proved. Empty for the
    management API but for its name.
    """

    name: str
    tenant_name: str = ""
    tenant_slug: str = ""
    host: str = ""
    verified: bool = False
    logo_url: str = ""
    support: str = ""
    support_url: str = ""
    privacy_uri: str = ""
    terms_uri: str = ""


def application_facts(target: Target) -> ApplicationFacts:
    """Describe an Application; one statement, inside its tenant's context."""
    row = Application.objects.get(tenant_id=target.tenant_id, pk=target.application_id)
    return ApplicationFacts(
        name=one_line(row.name),
        tenant_name=one_line(target.tenant_name),
        tenant_slug=target.tenant_slug,
        host=urlsplit(row.resource_uri).netloc,
        verified=row.verified_at is not None,
        logo_url=row.logo_url,
        support=row.support_contact,
        support_url=row.support_url,
        privacy_uri=row.privacy_uri,
        terms_uri=row.terms_uri,
    )
