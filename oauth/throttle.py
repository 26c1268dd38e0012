"""Rate limits of the protocol endpoints, shared through Valkey where VALKEY_URL is set, else by process."""

from functools import cache

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

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
def _limiter() -> FixedWindowRateLimiter:
    url = settings.VALKEY_URL.replace("valkey://", "redis://") if settings.VALKEY_URL else "memory://"
    return FixedWindowRateLimiter(storage_from_string(url))


@cache
def _item(kind: str) -> RateLimitItem:
    return parse(LIMITS[kind])


def hit(kind: str, *who: str) -> bool:
    """Count one; False when the limit is reached."""
    return _limiter().hit(_item(kind), kind, *who)


def exhausted(kind: str, *who: str) -> bool:
    """Whether the limit is reached, without counting."""
    return not _limiter().test(_item(kind), kind, *who)
