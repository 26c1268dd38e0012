"""Just-in-time provisioning: the first authenticated request of a subject makes its identity, later ones renew it.

Whoever has authenticated a subject calls :func:`provision`: a provider's sign-in page with its id_token, our own
sign-in page with the identity it has just checked. An address is evidence of nothing here but of itself:

- A subject is found by (issuer, subject) alone, never by an address.
- An address that somebody else has stays theirs. The newcomer gets an identity of their own without one; that the two
  may be one person is *suggested* to them (``tenants.links``), and done by who signs in as both.
- An address that the provider has not verified, or that the caller does not trust it to verify, is noted beside the
  link and used for nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction

from authsec.database.fields import uuid7
from tenants.models import NO_ADDRESS, Identity

# One statement, safe against others like it at the same moment. The link comes first: of many first requests one
# inserts it, the others wait at its unique key and find the identity it names; only the one inserts that identity.
# (The reference from link to identity is checked at the end of the transaction, as Django makes them.)
PROVISION = """
with known as (
  select l.email, l.name from tenants_identitylink l where l.issuer = %(issuer)s and l.subject = %(subject)s
), link as (
  insert into tenants_identitylink
         (id, identity_id, issuer, subject, email, email_verified, name, created_at, last_login_at)
  values (%(link)s, %(identity)s, %(issuer)s, %(subject)s, %(email)s, %(verified)s, %(name)s, %(now)s, %(login)s)
  on conflict (issuer, subject) do update
     set email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
         last_login_at = greatest(tenants_identitylink.last_login_at, excluded.last_login_at)
  returning identity_id, %(new)s and identity_id = %(identity)s as made
), address as (
  select %(verified)s and not exists (select from tenants_identity i where i.email = %(email)s)
     and not exists (select from account_emailaddress a where a.email = %(email)s and a.verified) as free
), person as (
  insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
  select identity_id, %(email)s, %(name)s, %(password)s, true, false, %(now)s from link, address where made and free
  on conflict (email) do nothing returning id
), addressless as (
  insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
  select identity_id, identity_id || '@' || %(nowhere)s, %(name)s, %(password)s, true, false, %(now)s from link
   where made and not exists (select from person)
), changed as (
  update tenants_identity i
     set email = case when free and (i.email = known.email or i.email like '%%@' || %(nowhere)s)
                      then %(email)s else i.email end,
         name = case when %(name)s <> '' and i.name in ('', known.name) then %(name)s else i.name end
    from link, known, address
   where i.id = link.identity_id
     and ((free and (i.email = known.email or i.email like '%%@' || %(nowhere)s))
          or (%(name)s <> '' and i.name in ('', known.name) and i.name <> %(name)s))
  returning i.id, i.email
), moved as (
  update account_emailaddress a set email = %(email)s, verified = true
    from changed, known where a.user_id = changed.id and a."primary" and a.email = known.email
     and changed.email = %(email)s
  returning a.user_id
), proven as (
  insert into account_emailaddress (user_id, email, verified, "primary")
  select id, %(email)s, true, true from person
   union all
  select id, %(email)s, true, true from changed where email = %(email)s and id not in (select user_id from moved)
  on conflict do nothing
)
select identity_id, made, exists (select from changed) from link
"""


@dataclass(frozen=True)
class Provisioned:
    """Whose subject it is; ``created`` says that this request made the identity."""

    identity_id: UUID
    created: bool


def provision(
    *,
    issuer: str,
    subject: str,
    email: str = "",
    email_verified: bool = False,
    name: str = "",
    now: datetime,
    identity_id: UUID | None = None,
    at_sign_in: bool = True,
) -> Provisioned:
    """Find or make the identity of a subject that has just been authenticated; keep address and name up to date.

    ``email_verified`` is the caller's word: the provider's, as far as it may speak for this address. ``identity_id``
    names the identity where the caller knows it (sign-in here). An address or name of the identity follows the
    provider only while it is what the provider said before; what the person chose here stays. Whether the identity
    is active is the caller's to check. Raises ValueError for a subject that is none.
    """
    if not (_fits(issuer) and _fits(subject)):
        raise ValueError("An issuer and a subject are 1 to 255 characters.")  # OpenID Connect Core §2
    address = email.strip().lower() if len(email) <= 254 and email.isprintable() and "@" in email else ""
    facts: dict[str, Any] = {
        "issuer": issuer,
        "subject": subject,
        "email": address,
        "verified": bool(address) and email_verified and not address.endswith(f"@{NO_ADDRESS}"),
        "name": name[:150] if name.isprintable() else "",
        "password": make_password(None),
        "nowhere": NO_ADDRESS,
        "identity": identity_id or uuid7(),
        "link": uuid7(),
        "new": identity_id is None,
        "now": now,
        "login": now if at_sign_in else None,
    }
    found, created, changed = _run(facts)
    if changed:
        with connection.cursor() as cursor:
            cursor.execute("select refresh_profiles(%s)", [found])
    return Provisioned(found, created)


def note_local_sign_in(*, identity: Identity, now: datetime, at_sign_in: bool = True) -> None:
    """An identity signed in here: the way of our own issuer, whose subject is the identity itself."""
    proven = EmailAddress.objects.filter(user_id=identity.pk, email=identity.email, verified=True).exists()
    provision(
        issuer=settings.ISSUER,
        subject=str(identity.pk),
        email=identity.email if identity.has_address else "",
        email_verified=proven,
        name=identity.name,
        now=now,
        identity_id=identity.pk,
        at_sign_in=at_sign_in,
    )


def _run(facts: dict[str, Any]) -> tuple[UUID, bool, bool]:
    try:
        with transaction.atomic():
            return _once(facts)
    except (
        IntegrityError
    ):  # two identities took up one free address at one moment: for this one it is not free
        return _once(facts)


def _once(facts: dict[str, Any]) -> tuple[UUID, bool, bool]:
    with connection.cursor() as cursor:
        cursor.execute(PROVISION, facts)
        row: tuple[UUID, bool, bool] = cursor.fetchone()
        return row


def _fits(text: str) -> bool:
    return 0 < len(text) <= 255 and text.isprintable()
