"""How often one bearer may ask the management API: counted together are all tokens that a client holds for a subject.

The answer carries the fields ``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers §3, §4), a
refusal ``Retry-After`` besides (RFC 9110 §10.2.3).
"""

from functools import cache

from django.conf import settings
from limits import RateLimitItem, parse

from authsec import limiting
from authsec.console.bearer import Bearer
from authsec.limiting import Tally
from authsec.web.problems import Problem

POLICY = '"api"'
# As the reference describes them.
FIELDS = {
    "RateLimit-Policy": (
        "Which quota counts: `q` requests in `w` seconds for one client and whom it acts for.",
        '"api";q=3000;w=60',
    ),
    "RateLimit": (
        "What is left of it: `r` requests, and `t` seconds until it is whole again.",
        '"api";r=2987;t=41',
    ),
    "Retry-After": ("After how many seconds to ask again.", "41"),
}


@cache
def _item(text: str) -> RateLimitItem:
    return parse(text)


def spend(bearer: Bearer) -> dict[str, str]:
    """Count one request; the fields that its answer carries. Raises a Problem (429) that carries them too."""
    if not settings.API_RATE_LIMIT:
        return {}
    item = _item(settings.API_RATE_LIMIT)
    window_s = item.get_expiry()
    who = ("api", str(bearer.claims.get("client_id", "")), str(bearer.subject))
    tally = limiting.spend(*who, limit=item.amount, window_s=window_s)
    fields = _fields(tally, window_s)
    if tally.exceeded:
        raise Problem(
            429,
            "throttled",
            f"At most {tally.limit} requests in {window_s} seconds. Try again in {max(tally.reset_s, 1)} s.",
            headers=fields | {"Retry-After": str(max(tally.reset_s, 1))},
        )
    return fields


def _fields(tally: Tally, window_s: int) -> dict[str, str]:
    return {
        "RateLimit-Policy": f"{POLICY};q={tally.limit};w={window_s}",
        "RateLimit": f"{POLICY};r={tally.remaining};t={tally.reset_s}",
    }
