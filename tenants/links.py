"""One person's ways of signing in: which there are, which others may be theirs too, and making two identities one.

That two identities hold a link with the same verified address says that they *may* be one person. It is shown to both
and done by neither alone: whoever signs in as both, one after the other in one browser, may put them together.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from tenants.models import Identity, IdentityLink

SHARED = """
select distinct on (theirs.identity_id) theirs.identity_id, theirs.issuer, theirs.email::text, theirs.last_login_at
  from tenants_identitylink mine
  join tenants_identitylink theirs on theirs.email = mine.email and theirs.identity_id <> mine.identity_id
  join tenants_identity i on i.id = theirs.identity_id and i.is_active
 where mine.identity_id = %s and mine.email_verified and theirs.email_verified and mine.email <> ''
 order by theirs.identity_id, theirs.last_login_at desc nulls last
"""


class LinkRefused(Exception):
    """The two identities were not put together; the text says why in one sentence."""


@dataclass(frozen=True)
class Suggestion:
    """Another identity with an address that is verified for both."""

    identity_id: UUID
    issuer: str
    email: str
    last_login_at: datetime | None

    @property
    def place(self) -> str:
        """Where one signs in as them."""
        return place_of(self.issuer)


def place_of(issuer: str) -> str:
    """An issuer as people read it: our own by name, others by their host."""
    return "AuthSec" if issuer == settings.ISSUER else issuer.partition("://")[2].partition("/")[0] or issuer


def ways_elsewhere(identity_id: UUID) -> list[tuple[str, IdentityLink]]:
    """The ways of signing in that other issuers give, each with the issuer as people read it, the oldest first."""
    rows = IdentityLink.objects.filter(identity_id=identity_id).exclude(issuer=settings.ISSUER)
    return [(place_of(link.issuer), link) for link in rows.order_by("created_at")]


def suggestions(identity_id: UUID) -> list[Suggestion]:
    """Identities that may be the same person's. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SHARED, [identity_id])
        return [Suggestion(*row) for row in cursor.fetchall()]


def put_together(*, first: Identity, second: Identity) -> Identity:
    """Make two identities of one person one; whoever calls this has seen the person sign in as both.

    The one without an address of its own, which no tenant knows, gives its ways of signing in to the other and is
    closed. Returns the one that stays. Raises LinkRefused: nothing is ever merged that a tenant knows.
    """
    with transaction.atomic():
        # Locked against a tenant that gets to know one of them meanwhile, in one order for whoever else does this.
        locked = {
            found.pk: found
            for found in Identity.objects.select_for_update()
            .filter(pk__in=[first.pk, second.pk], is_active=True)
            .order_by("pk")
        }
        if len(locked) != 2 or second.pk not in {each.identity_id for each in suggestions(first.pk)}:
            raise LinkRefused("The two have no verified address in common.")
        empty = [each for each in locked.values() if not each.has_address and not _in_use(each.pk)]
        if not empty:
            raise LinkRefused("Both are in use by tenants or have an address of their own, so both stay.")
        folded = empty[0]
        (kept,) = (each for each in locked.values() if each.pk != folded.pk)
        IdentityLink.objects.filter(identity=folded, issuer=settings.ISSUER).delete()
        IdentityLink.objects.filter(identity=folded).update(identity=kept)
        folded.is_active = False
        folded.save(update_fields=["is_active"])
    return kept


def _in_use(identity_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select identity_in_use(%s)", [identity_id])
        return bool(cursor.fetchone()[0])
