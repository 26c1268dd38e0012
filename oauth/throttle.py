"""Rate limits of the protocol endpoints, counted by all processes together (:mod:`authsec.limiting`)."""

from functools import cache

from limits import parse

from authsec import limiting

# What is limited, by whom it is counted, how often. At the token endpoint failures count, work does not.
LIMITS = {
    "register": "60/minute",  # clients made, by address
    "registration": "600/minute",  # tries, by address
    "registration_change": "20/hour",  # by client: each is written into the log of every tenant that met it
    "client": "300/minute",  # failed token requests, by address and client id
    "document_asker": "20/minute",  # clients' documents fetched, by address of who asks for it
    "manifest": "60/minute",  # lists of tools published, by Application
    "document_host": "30/minute",  # and by host that is asked
    "device": "60/minute",  # devices that ask for a code, by address
    "user_code": "10/10 minutes",  # codes typed wrongly, by account (RFC 8628 §5.1)
    "user_code_address": "60/10 minutes",  # and by address
    "client_keys": "2/minute",  # a client's keys fetched for the sake of an unknown kid, by client
    "proof": "6/minute",  # proofs of an address looked for, by Application
    "proof_host": "30/minute",  # and by host that is asked
    "try": "30/minute",  # tokens explained to operators, by person
}


@cache
def _limit(kind: str) -> dict[str, int]:
    item = parse(LIMITS[kind])
    return {"limit": item.amount, "window_s": item.get_expiry()}


def hit(kind: str, *who: str) -> bool:
    """Count one; False when the limit is reached."""
    return not limiting.spend(kind, *who, **_limit(kind)).exceeded


def exhausted(kind: str, *who: str) -> bool:
    """Whether the limit is reached, without counting."""
    return not limiting.look(kind, *who, **_limit(kind)).remaining
