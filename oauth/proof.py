"""What the outside says about who runs a resource URI: its RFC 9728 document and a DNS record, read and judged.

A proof that names the Application (the record, or a member of the document) is stronger than a document that names
this server alone: that one says that its resource trusts us, and not which of our tenants runs it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import dns.exception
import dns.resolver
from django.conf import settings

from authz.models import Application
from authz.resource_uri import canonical, is_loopback
from oauth.outbound import fetch
from oauth.outbound.location import Wrong, read_location

WELL_KNOWN = "/.well-known/oauth-protected-resource"
MEMBER = "authsec_application"  # RFC 9728 §2 leaves room for members of one's own
RECORD = "authsec-application"
LABEL = "_authsec"
DNS_SECONDS = 3.0
MAX_RECORDS = 50

Proof = Application.Proof
NONE = ""
# How much a proof counts where two claim one address.
STRENGTH: dict[str, int] = {NONE: 0, Proof.LOOPBACK: 1, Proof.DOCUMENT: 1, Proof.NAMED: 2, Proof.DNS: 2}
OF_DOCUMENT = (Proof.DOCUMENT, Proof.NAMED)


@dataclass(frozen=True)
class Evidence:
    """What was found at an address: its document, its records; why not, and whether that might be otherwise soon."""

    uri: str
    document: Mapping[str, Any] = field(default_factory=dict)
    document_problem: str = ""
    document_unclear: bool = False
    records: Sequence[str] = ()
    dns_problem: str = ""
    dns_unclear: bool = False


@dataclass(frozen=True)
class Finding:
    """What the evidence says for one Application: the strongest proof, or why there is none."""

    proof: str
    problem: str = ""

    @property
    def strength(self) -> int:
        return STRENGTH[self.proof]


def document_url(uri: str) -> str:
    """Where the document of a resource lies (RFC 9728 §3.1): the well-known path goes between host and path."""
    parts = urlsplit(uri)
    path = "" if parts.path == "/" else parts.path
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{path}{f'?{parts.query}' if parts.query else ''}"


def record_name(uri: str) -> str:
    """The name of the DNS record that may speak for a resource's host; empty where the host is an address."""
    host = urlsplit(uri).hostname or ""
    numeric = ":" in host or host.replace(".", "").isdigit()
    return "" if numeric or host == "localhost" else f"{LABEL}.{host}"


def record_value(application_id: UUID) -> str:
    """What the record says. The id is no secret: only who runs the zone can put it there."""
    return f"{RECORD}={application_id}"


def gather(uri: str) -> Evidence:
    """Ask the outside. Takes up to eight seconds: never inside a transaction. Raises nothing."""
    found: dict[str, Any] = {"uri": uri}
    url = document_url(uri)
    try:
        body = fetch.fetch(read_location(url, max_length=600)).body
        document = json.loads(body.decode())
        if isinstance(document, dict):
            found["document"] = document
        else:
            found["document_problem"] = f"The document {url} is no JSON object."
    except Wrong as rule:
        found["document_problem"] = f"A rule for the document {url} is broken: {rule}."
    except fetch.Unreachable as reason:
        found["document_problem"] = f"The document {url} {reason}."
        found["document_unclear"] = True
    except (ValueError, RecursionError):
        found["document_problem"] = f"The document {url} is no JSON in UTF-8."
    return Evidence(**found, **_records(record_name(uri)))


def _records(name: str) -> dict[str, Any]:
    if not name:
        return {"dns_problem": "An address in numbers, or localhost, has no DNS record."}
    try:
        return {"records": look_up(name)}
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return {"dns_problem": f"There is no TXT record {name}."}
    except dns.exception.DNSException:
        return {"dns_problem": f"The TXT record {name} could not be looked up.", "dns_unclear": True}


def look_up(name: str) -> list[str]:
    """The TXT records of a name, each as one text (RFC 7208 §3.3 joins the strings). Raises DNSException."""
    resolver = dns.resolver.Resolver(configure=not settings.DNS_SERVERS)
    if settings.DNS_SERVERS:
        servers = [server.rpartition(":") for server in settings.DNS_SERVERS]
        resolver.nameservers = [host for host, _, _port in servers]
        resolver.nameserver_ports = {host: int(port) for host, _, port in servers}
    answer = resolver.resolve(f"{name}.", "TXT", lifetime=DNS_SECONDS, search=False)
    return [b"".join(row.strings).decode("utf-8", "replace") for row in list(answer)[:MAX_RECORDS]]


def judge(evidence: Evidence, application_id: UUID) -> Finding:
    """What the evidence proves for this Application."""
    if record_value(application_id) in (record.strip() for record in evidence.records):
        return Finding(Proof.DNS)
    if not evidence.document:
        return Finding(NONE, _neither(evidence.document_problem, evidence))
    if problem := _wrong_with(evidence.document, evidence.uri):
        return Finding(NONE, _neither(f"The document {document_url(evidence.uri)} {problem}.", evidence))
    named = evidence.document.get(MEMBER)
    named = named if isinstance(named, list) else [named]
    return Finding(Proof.NAMED if str(application_id) in named else Proof.DOCUMENT)


def _neither(problem: str, evidence: Evidence) -> str:
    """What was missed, of the record too where the host can have one."""
    name = record_name(evidence.uri)
    missed = evidence.dns_problem or f"No TXT record {name} names this Application."
    return f"{problem} {missed}".strip() if name else problem


def _wrong_with(document: Mapping[str, Any], uri: str) -> str:
    resource = document.get("resource")
    # RFC 9728 §3.3: it has to be this resource, or anybody's document would do. In one spelling: libraries that print
    # a parsed URL add a slash to a bare origin.
    if not isinstance(resource, str) or canonical(resource) != uri:
        return f"says resource {_shown(resource)}, not {uri}"
    servers = document.get("authorization_servers")
    named = servers if isinstance(servers, list) else []
    if not any(isinstance(server, str) and server.rstrip("/") == settings.ISSUER for server in named):
        return f"does not name {settings.ISSUER} in authorization_servers"
    return ""


def _shown(value: Any) -> str:
    """A stranger's text, in signs that can be stored and shown."""
    return f"“{ascii(value)[:100]}”" if value is not None else "nothing"


def held(evidence: Evidence, application_id: UUID, verified_by: str) -> int:
    """How strongly whoever is verified stands by this evidence: what could not be asked counts as it was."""
    unclear = evidence.document_unclear if verified_by in OF_DOCUMENT else evidence.dns_unclear
    if verified_by == Proof.LOOPBACK:
        unclear = settings.DEVELOPMENT and is_loopback(evidence.uri)
    judged = judge(evidence, application_id).strength
    return max(judged, STRENGTH[verified_by]) if unclear else judged
