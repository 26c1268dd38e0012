"""A client's proof by a key of its own: private_key_jwt (RFC 7523 §2.2 and §3, OpenID Connect Core §9).

The audience is this server's issuer and nothing besides: draft-ietf-oauth-rfc7523bis forbids the token endpoint's
URL, which a hostile server could name as its own to collect proofs that are good here.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from joserfc import jws
from joserfc.errors import JoseError

from authsec.secrets import digest
from oauth.clients.keys import ALGORITHMS, fitting
from oauth.models import Client

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TYPES = (None, "JWT", "client-authentication+jwt")  # rfc7523bis: anything else is a token for another use
USABLE = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
MAX_LENGTH = 8_192
MAX_JTI = 255


class Unproved(Exception):
    """The assertion does not prove the client. The message may be shown to whoever sent it."""


@dataclass(frozen=True)
class Assertion:
    """What an assertion says of itself, of which nothing is proved."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def client_id(self) -> str:
        """The client that it is about: ``sub`` (RFC 7523 §3, rule 2B)."""
        return str(self.claims.get("sub", ""))

    @property
    def kid(self) -> str | None:
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None


def read(text: str) -> Assertion:
    """Take an assertion apart. Raises Unproved for what is no signed JWT in compact form."""
    parts = text.split(".")
    if len(text) > MAX_LENGTH or len(parts) != 3:
        raise Unproved("client_assertion is a signed JWT in compact form.")
    header, claims = _object(parts[0]), _object(parts[1])
    if header is None or claims is None:
        raise Unproved("client_assertion is a signed JWT in compact form.")
    return Assertion(text, header, claims)


def _object(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())
        # An escape can spell half a surrogate pair, which is no text: neither a digest nor PostgreSQL takes it.
        json.dumps(value, ensure_ascii=False).encode()
    except (binascii.Error, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def prove(assertion: Assertion, client: Client, *, now: datetime) -> None:
    """See that the assertion proves ``client``, and use it up: it is good once (RFC 7523 §3, rule 7). Raises Unproved.

    It counts for five minutes at most: by ``exp``, or where that is further away by ``iat``.
    """
    _check_signature(assertion, client)
    claims = assertion.claims
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise Unproved("iss and sub of the assertion are both the client_id (RFC 7523 §3).")
    if claims.get("aud") not in (settings.ISSUER, [settings.ISSUER]):
        raise Unproved(f"aud of the assertion is {settings.ISSUER} and nothing else (rfc7523bis §4).")
    until = _usable_until(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise Unproved(f"The assertion needs a jti of at most {MAX_JTI} characters.")
    if not _use_up(client, jti, until + SKEW):
        raise Unproved("This assertion was used before: make a new one, with a new jti, for each request.")


def _check_signature(assertion: Assertion, client: Client) -> None:
    algorithm = assertion.header.get("alg")
    wanted = client.metadata.get("token_endpoint_auth_signing_alg", algorithm)
    if algorithm not in ALGORITHMS or algorithm != wanted:
        allowed = wanted if wanted in ALGORITHMS and wanted != algorithm else ", ".join(ALGORITHMS)
        raise Unproved(f"alg of the assertion is one of: {allowed}.")
    if assertion.header.get("typ") not in TYPES:
        raise Unproved("typ of the assertion is client-authentication+jwt.")
    key = fitting(client.jwks, kid=assertion.kid, algorithm=algorithm)
    if key is None:
        raise Unproved("None of the client’s keys has this kid and fits alg; without a kid only one may fit.")
    try:
        jws.deserialize_compact(assertion.text, key, algorithms=[algorithm])
    except (JoseError, ValueError) as error:
        raise Unproved("The assertion’s signature does not fit the client’s key.") from error


def _usable_until(claims: dict[str, Any], now: datetime) -> datetime:
    """The moment until which the assertion counts. Raises Unproved unless that is still to come, and near."""
    ends, made, starts = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if ends is None:
        raise Unproved("The assertion needs exp, the time when it ends.")
    if any(at is not None and at > now + SKEW for at in (made, starts)):
        raise Unproved("The assertion is from the future: see to the client’s clock.")
    until = min(ends, made + USABLE) if made else ends
    if until + SKEW <= now:
        raise Unproved("The assertion is over: it counts until exp, and for five minutes after iat.")
    if until > now + USABLE + SKEW:
        raise Unproved("The assertion ends too late: give it five minutes, or say iat.")
    return until


def _moment(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise Unproved(f"{name} of the assertion is a number of seconds (RFC 7519 §2).")
    return datetime.fromtimestamp(value, tz=UTC)


def _use_up(client: Client, jti: str, until: datetime) -> bool:
    """Whether this is the first use. A rival that has it open in another transaction is waited for."""
    with connection.cursor() as cursor:
        cursor.execute("select use_assertion(%s, %s)", [digest(f"{client.pk} {jti}"), until])
        return bool(cursor.fetchone()[0])
