"""The keys behind a client's ``jwks_uri``: fetched before the request's transaction, kept, fetched again when due.

By the rules and within the bounds of clients' documents. A ``kid`` that nobody knows is a reason to look again, as a
client that rotates its keys signs with the new one at once; but anybody can invent one, so that happens seldom.
"""

from datetime import datetime, timedelta

from authsec.database.context import system_context
from oauth import throttle
from oauth.clients.keys import MAX_URI, BadKeys, read_key_set
from oauth.documents import clients as documents
from oauth.documents.clients import STALE, Busy, Unusable, failures
from oauth.documents.rules import parsed
from oauth.models import Client
from oauth.outbound.fetch import Unreachable
from oauth.outbound.location import Wrong, read_location


def make_current(client_id: str, kid: str | None, *, ip: str | None, now: datetime) -> None:
    """See to it that the keys of a client that proves itself by one are known as they are now. Raises Unusable.

    ``kid``: the key that it names. Call it where no transaction is open.
    """
    client = documents.known_client(client_id)
    if client is None or client.disabled_at is not None or not client.proves_by_key:
        return
    if client.registration_source == Client.RegistrationSource.CIMD:
        anew = not client.jwks_uri and _look_again(client, kid)
        documents.make_current(client_id, ip=ip, now=now, anew=anew)
        client = documents.known_client(client_id)
    if client is not None and client.jwks_uri and (_due(client, now) or _look_again(client, kid)):
        _fetch(client, ip, now)


def _due(client: Client, now: datetime) -> bool:
    return client.jwks_expires_at is None or client.jwks_expires_at <= now


def _look_again(client: Client, kid: str | None) -> bool:
    """Whether the set lacks this key and was not looked at for its sake a moment ago."""
    known = {key.get("kid") for key in (client.jwks or {}).get("keys", [])}
    return kid is not None and kid not in known and throttle.hit("client_keys", str(client.pk))


def _fetch(client: Client, ip: str | None, now: datetime) -> None:
    uri = client.jwks_uri
    try:
        fetched = documents.ask(read_location(uri, max_length=MAX_URI), ip)
        jwks = read_key_set(parsed(fetched.body))
    except (Wrong, BadKeys) as wrong:
        failures.add(uri, str(wrong), final=True)
        raise Unusable(
            f"A rule for the client’s keys at {uri} is broken: {str(wrong).rstrip('.')}."
        ) from wrong
    except Unreachable as unreachable:
        failures.add(uri, str(unreachable), final=False)
        if not _may_go_stale(client, now):
            raise Unusable(f"The client’s key set {uri} {unreachable}.") from unreachable
    except Busy as busy:
        if not _may_go_stale(client, now):
            raise Busy("Too many keys are being fetched just now; try again in a few seconds.") from busy
    else:
        until = now + timedelta(seconds=fetched.keep_s)
        with system_context():
            Client.objects.filter(pk=client.pk, jwks_uri=uri).update(jwks=jwks, jwks_expires_at=until)


def _may_go_stale(client: Client, now: datetime) -> bool:
    return client.jwks_expires_at is not None and now < client.jwks_expires_at + STALE
