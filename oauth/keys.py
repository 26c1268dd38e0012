"""The keys that sign tokens: made at first use, published, rotated with an overlap.

ES256 signs access tokens of the management API, RS256 signs id_tokens (OpenID Connect Core §15.1 requires it). A new
key is published before it signs and stays published after it retired, so that whoever caches our JWKS never meets a
signature that it cannot check.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.installation import note
from authsec.database.context import system_context
from authsec.secrets import decrypt, encrypt
from oauth.models import SigningKey

ALGORITHMS = ("ES256", "RS256")
ACCESS_TOKEN = "at+jwt"  # noqa: S105 - RFC 9068 §2.1
JWKS_SECONDS = 300  # how long others may keep our JWKS
PUBLISHED_BEFORE = timedelta(hours=1)  # a rotated key signs only after every cache has met it
PUBLISHED_AFTER = timedelta(days=1)  # longer than any signed token lives
CLOCK_SKEW_S = 30
CACHE_S = 60
SINCE_EVER = datetime.fromtimestamp(0, UTC)  # the first key has no predecessor, whatever a node's clock says
UNKNOWN_KID_PAUSE_S = 5  # strangers invent key ids: they make us look at most this often

Key = ECKey | RSAKey


class InvalidToken(Exception):
    """A token that this server did not sign for this use, or that is over. The message may be shown."""


@dataclass(frozen=True)
class Entry:
    """One key. ``active_from`` and ``retired_at`` bound when it signs."""

    kid: str
    algorithm: str
    public: Key
    public_jwk: dict[str, Any]
    private_encrypted: bytes
    active_from: datetime
    retired_at: datetime | None

    def signs(self, now: datetime) -> bool:
        """Whether it may sign now."""
        return self.active_from <= now and (self.retired_at is None or self.retired_at > now)

    def state(self, now: datetime) -> str:
        """next, signs, published (its signatures are still good) or over."""
        if self.signs(now):
            return "signs"
        if not self.published(now):
            return "over"
        return "next" if self.active_from > now else "published"

    def published(self, now: datetime) -> bool:
        """Whether our JWKS holds it."""
        return self.retired_at is None or self.retired_at + PUBLISHED_AFTER > now


class _Ring:
    """This process's copy of the keys, at most CACHE_S old."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.private: dict[str, Key] = {}
        self.loaded = float("-inf")

    def fresh(self, limit: float = CACHE_S) -> bool:
        return time.monotonic() - self.loaded < limit

    def load(self) -> None:
        entries = read_all()
        if not all(any(entry.algorithm == name for entry in entries.values()) for name in ALGORITHMS):
            _apart(_generate_missing)
            entries = read_all()
        self.entries, self.loaded = entries, time.monotonic()

    def signing(self, algorithm: str, now: datetime) -> tuple[str, Key]:
        if not self.fresh():
            self.load()
        candidates = [e for e in self.entries.values() if e.algorithm == algorithm and e.signs(now)]
        if not candidates:
            raise LookupError(f"No {algorithm} key signs at {now:%Y-%m-%d %H:%M}: run rotate.")
        entry = max(candidates, key=lambda e: (e.active_from, e.kid))
        if entry.kid not in self.private:
            self.private[entry.kid] = _private(entry)
        return entry.kid, self.private[entry.kid]

    def verifying(self, kid: str, now: datetime) -> Entry | None:
        if not self.fresh() or (kid not in self.entries and not self.fresh(UNKNOWN_KID_PAUSE_S)):
            self.load()
        entry = self.entries.get(kid)
        return entry if entry and entry.published(now) else None


_ring = _Ring()


def forget() -> None:
    """Drop this process's copy of the keys; the next use reads them again."""
    global _ring
    _ring = _Ring()


def sign(claims: Mapping[str, Any], alg: str = "ES256", typ: str = ACCESS_TOKEN) -> str:
    """Sign claims as a compact JWT with the current key of ``alg`` (ES256 or RS256), its ``kid`` in the header."""
    kid, key = _ring.signing(alg, timezone.now())
    return jwt.encode({"alg": alg, "kid": kid, "typ": typ}, dict(claims), key, algorithms=[alg])


def verify(token: str, audience: str, typ: str = ACCESS_TOKEN) -> dict[str, Any]:
    """Return the claims of a token of ours for ``audience``; raise InvalidToken with the reason.

    Checked: our ``kid``, that key's own algorithm and nothing the token says of it (RFC 8725 §3.1), ``typ``
    (RFC 9068 §4), signature, ``iss``, ``aud``, ``exp``, ``iat``, ``nbf``.
    """
    now = timezone.now()
    entry = _entry_for(token, typ, now)
    try:
        claims = jwt.decode(token, entry.public, algorithms=[entry.algorithm]).claims
    except (JoseError, ValueError) as error:
        raise InvalidToken("The token's signature is not ours.") from error
    _check_claims(claims, audience, now.timestamp())
    return claims


def read_hint(token: str) -> dict[str, Any]:
    """The claims of an id_token of ours, expired or not (RP-Initiated Logout §2). Raises InvalidToken."""
    entry = _entry_for(token, "JWT", timezone.now())
    try:
        claims = jwt.decode(token, entry.public, algorithms=[entry.algorithm]).claims
    except (JoseError, ValueError) as error:
        raise InvalidToken("The token's signature is not ours.") from error
    if claims.get("iss") != settings.ISSUER:
        raise InvalidToken("The token is of another issuer.")
    return claims


def jwks() -> dict[str, Any]:
    """The public keys (RFC 7517 §5), those that will sign soon and those that signed until lately included."""
    now = timezone.now()
    if not _ring.fresh():
        _ring.load()
    return {"keys": [entry.public_jwk for entry in _ring.entries.values() if entry.published(now)]}


def rotate(now: datetime, *, immediately: bool = False, actor: Actor = SYSTEM) -> list[str]:
    """Make a new key of each algorithm and return their ids; each takes over from its predecessor.

    By default after PUBLISHED_BEFORE. ``immediately`` is for a compromised key: the new one signs at once and the
    old one is published no longer, so that every token it signed is refused from now on (other processes follow
    within CACHE_S).
    """
    begins = now - timedelta(seconds=CLOCK_SKEW_S) if immediately else now + PUBLISHED_BEFORE
    with system_context():
        lock()
        ends = now - PUBLISHED_AFTER if immediately else begins
        standing = SigningKey.objects.filter(retired_at__isnull=True)
        if immediately:
            standing = SigningKey.objects.filter(active_from__lte=now)
        standing.update(retired_at=ends)
        made = [_create(algorithm, now, begins) for algorithm in ALGORITHMS]
        note(action="keys.rotated", actor=actor, now=now, after={"kids": made, "at_once": immediately})
    transaction.on_commit(forget)
    forget()
    return made


def _entry_for(token: str, typ: str, now: datetime) -> Entry:
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError) as error:
        raise InvalidToken("The token is not a JWT.") from error
    kid, said = header.get("kid"), header.get("typ")
    if not isinstance(said, str) or said.lower().removeprefix("application/") != typ.lower():
        raise InvalidToken("The token is of another type.")
    entry = _ring.verifying(kid, now) if isinstance(kid, str) else None
    if entry is None or header.get("alg") != entry.algorithm:
        raise InvalidToken("The token is signed with no key of ours.")
    return entry


def _check_claims(claims: dict[str, Any], audience: str, now: float) -> None:
    named = claims.get("aud")
    if claims.get("iss") != settings.ISSUER:
        raise InvalidToken("The token is of another issuer.")
    if audience not in (named if isinstance(named, list) else [named]):
        raise InvalidToken("The token is for another resource.")
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not all(isinstance(value, int | float) for value in times.values()) or "exp" not in times:
        raise InvalidToken("The token does not say when it ends.")
    if times["exp"] <= now:
        raise InvalidToken("The token has expired.")
    if max(times.get("iat", 0), times.get("nbf", 0)) > now + CLOCK_SKEW_S:
        raise InvalidToken("The token is not valid yet.")


def read_all() -> dict[str, Entry]:
    """Every key of the installation by its id, oldest first."""
    with system_context():
        rows = list(SigningKey.objects.order_by("active_from", "kid"))
    return {
        row.kid: Entry(
            row.kid,
            row.algorithm,
            _key(row.algorithm, row.public_jwk),
            row.public_jwk,
            bytes(row.private_encrypted),
            row.active_from,
            row.retired_at,
        )
        for row in rows
    }


def _private(entry: Entry) -> Key:
    return _key(entry.algorithm, json.loads(decrypt(entry.private_encrypted.decode())))


def _key(algorithm: str, jwk: dict[str, Any]) -> Key:
    return ECKey.import_key(jwk) if algorithm == "ES256" else RSAKey.import_key(jwk)


def lock() -> None:
    """Take turns at changing the keys, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('authsec signing keys'))")


def _generate_missing() -> None:
    """Make a first key of each algorithm that has none; of processes that start together one does."""
    now = timezone.now()
    with system_context():
        lock()
        present = set(SigningKey.objects.values_list("algorithm", flat=True))
        made = [_create(name, now, SINCE_EVER) for name in ALGORITHMS if name not in present]
        if made:
            note(action="keys.made", actor=SYSTEM, now=now, after={"kids": made})


def _create(algorithm: str, now: datetime, active_from: datetime) -> str:
    key: Key = (
        ECKey.generate_key("P-256", auto_kid=True)
        if algorithm == "ES256"
        else RSAKey.generate_key(2048, auto_kid=True)
    )
    public = {**key.as_dict(private=False), "use": "sig", "alg": algorithm}
    kid = str(public["kid"])
    SigningKey.objects.create(
        kid=kid,
        algorithm=algorithm,
        public_jwk=public,
        private_encrypted=encrypt(json.dumps(key.as_dict(private=True))).encode(),
        created_at=now,
        active_from=active_from,
    )
    return kid


def _apart(work: Any) -> None:
    """Run ``work`` on a connection of its own, committed whatever becomes of the caller's transaction.

    A token that is signed with a key which is then rolled back could be checked by nobody.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, name="signing-key")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
