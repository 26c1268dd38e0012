"""The URL that is a client's id (draft §3): two spellings are two clients, so that it is compared letter for letter."""

from urllib.parse import urlsplit

from django.conf import settings


def names_document(client_id: str) -> bool:
    """Whether a client id claims to be the URL of a document, rather than one that was given out here."""
    schemes = ("https://", "http://") if settings.OUTBOUND_LOOPBACK else ("https://",)
    return settings.CLIENT_DOCUMENTS and client_id[:8].lower().startswith(schemes)


def host_of(client_id: str) -> str:
    """The host of a document's URL, which is what fetching it has proved."""
    return urlsplit(client_id).hostname or ""
