"""The client behind a document's URL: kept, read again when due, and refused with the rule that broke.

The authorize endpoint is open to everybody, so that a fetch is what a stranger can make us do. Bounds: few at a time
in a process, so many a minute by asker and by host, and what failed is not tried again for a minute.
"""

import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from authsec.database.context import system_context
from oauth import throttle
from oauth.clients.registration import Registration
from oauth.documents import logos
from oauth.documents.rules import read_document
from oauth.models import Client
from oauth.outbound import fetch as fetching
from oauth.outbound.location import Location, Wrong, read_location

# A process serves two requests at a time by default: one that waits for a stranger's server leaves the other.
IN_FLIGHT = threading.BoundedSemaphore(1)
# Past its time a document still counts for so long when its host does not answer. One that answers wrongly never does.
STALE = timedelta(days=1)
REMEMBERED_S = 60
REMEMBERED = 1_000


class Unusable(Exception):
    """There is no client behind this URL now; the message is a sentence for a person."""


class Busy(Unusable):
    """Ask again in a few seconds: others' documents are being fetched."""


class _Failures:
    """Why documents were refused within the last minute, in this process; at most REMEMBERED of them."""

    def __init__(self) -> None:
        self._lock, self._reasons = threading.Lock(), OrderedDict[str, tuple[float, str, bool]]()

    def add(self, url: str, reason: str, *, final: bool) -> None:
        """``final``: the document itself is wrong, rather than out of reach."""
        with self._lock:
            self._reasons[url] = time.monotonic() + REMEMBERED_S, reason, final
            self._reasons.move_to_end(url)
            while len(self._reasons) > REMEMBERED:
                self._reasons.popitem(last=False)

    def get(self, url: str) -> tuple[str, bool] | None:
        with self._lock:
            until, reason, final = self._reasons.get(url, (0.0, "", False))
        return (reason, final) if until > time.monotonic() else None

    def clear(self) -> None:
        with self._lock:
            self._reasons.clear()


failures = _Failures()


def make_current(client_id: str, *, ip: str | None, now: datetime, anew: bool = False) -> None:
    """See to it that the client behind a document's URL is known as its document says now. Raises Unusable.

    Call it where no transaction is open: it opens a short one to look, closes it, fetches, and opens another to write.
    A client with such an id that somebody made by hand is left alone. ``anew``: also when it is not due yet.
    """
    known = known_client(client_id)
    if known is not None and not _due(known, now, anew):
        return
    try:
        location = read_location(client_id)
        registration, keep_s = _read(location, ip)
    except Wrong as wrong:
        failures.add(client_id, str(wrong), final=True)
        raise Unusable(_sentence(client_id, wrong)) from wrong
    except fetching.Unreachable as unreachable:
        failures.add(client_id, str(unreachable), final=False)
        if _may_go_stale(known, now):
            return
        raise Unusable(f"The client’s document {client_id} {unreachable}.") from unreachable
    except Busy:
        if _may_go_stale(known, now):
            return
        raise
    _keep(known, registration, location, now, now + timedelta(seconds=keep_s))


def known_client(client_id: str) -> Client | None:
    """The client with this id, read in a short transaction of its own."""
    if len(client_id) > 255 or "\x00" in client_id:
        return None
    with system_context():
        known: Client | None = Client.objects.filter(client_id=client_id).first()
    return known


def _due(known: Client, now: datetime, anew: bool) -> bool:
    if known.registration_source != Client.RegistrationSource.CIMD or known.disabled_at is not None:
        return False
    return anew or known.cimd_expires_at is None or known.cimd_expires_at <= now


def _may_go_stale(known: Client | None, now: datetime) -> bool:
    return known is not None and known.cimd_expires_at is not None and now < known.cimd_expires_at + STALE


def _read(location: Location, ip: str | None) -> tuple[Registration, int]:
    fetched = ask(location, ip)
    return read_document(location, fetched.body), fetched.keep_s


def ask(location: Location, ip: str | None) -> fetching.Fetched:
    """Fetch JSON for a client's sake, within the bounds above. Raises Busy, Wrong or Unreachable."""
    if failed := failures.get(location.url):
        reason, final = failed
        raise Wrong(reason) if final else fetching.Unreachable(reason)
    if not throttle.hit("document_asker", ip or "") or not throttle.hit("document_host", location.host):
        raise Busy("Too many clients’ documents are asked for just now; this page tries again by itself.")
    if not IN_FLIGHT.acquire(blocking=False):
        raise Busy("Another client’s document is being fetched just now; this page tries again by itself.")
    try:
        return fetching.fetch(location)
    finally:
        IN_FLIGHT.release()


def _sentence(client_id: str, rule: Wrong) -> str:
    shown = client_id if len(client_id) <= 300 else client_id[:300] + "…"
    return f"The client {shown} describes itself by a document, and a rule for it is broken: {rule}."


def _keep(
    known: Client | None, registration: Registration, location: Location, now: datetime, until: datetime
) -> None:
    """Write the client down as its document says, in one statement: rivals that read the same leave one row."""
    public = registration.auth_method == "none"
    said: dict[str, Any] = {
        "name": registration.name or location.host,
        "redirect_uris": " ".join(registration.redirect_uris),
        "post_logout_redirect_uris": " ".join(registration.post_logout_redirect_uris),
        "grant_types": registration.grant_types,
        "client_uri": registration.client_uri,
        "metadata": registration.kept,
        "token_endpoint_auth_method": registration.auth_method,
        "client_type": Client.CLIENT_PUBLIC if public else Client.CLIENT_CONFIDENTIAL,
        "jwks_uri": registration.keys.uri,
        "document_fetched_at": now,
        "cimd_expires_at": until,
        "updated": now,
    }
    keys = registration.keys
    if known is None or not keys.uri or known.jwks_uri != keys.uri:  # else those fetched from there stay
        said |= {"jwks": keys.jwks, "jwks_expires_at": None}
    if not registration.kept.get("logo_uri"):
        said["logo"] = ""
    client = Client(
        client_id=location.url,
        client_secret="",
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        registration_source=Client.RegistrationSource.CIMD,
        **said,
    )
    with system_context():
        Client.objects.bulk_create(
            [client], update_conflicts=True, unique_fields=["client_id"], update_fields=list(said)
        )
        logos.ask_for(Client.objects.get(client_id=location.url), now=now)
