"""The people of the worked example, and their sign-ins."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.contrib.auth.hashers import make_password

from tenants.identities import enrol_authenticator, register_identity
from tenants.models import Identity

PASSWORD = "try-authsec-here"  # noqa: S105 - printed by make run, documented, and only ever in the demo
TOTP_SECRET = "NB2W45DFOIZA4DFNORZG6IDUNBSSAZDF"  # noqa: S105 - likewise


@dataclass(frozen=True)
class Person:
    """``key`` names them in demo.json. ``second_factor``: an authenticator app is enrolled."""

    key: str
    name: str
    email: str
    second_factor: bool = False


PEOPLE = (
    Person("olga", "Olga Orlova", "olga@acme.example"),
    Person("adam", "Adam Achebe", "adam@acme.example"),
    Person("alice", "Alice Almeida", "alice@acme.example", second_factor=True),
    Person("carl", "Carl Castillo", "carl@freelance.example"),
    Person("rita", "Rita Rautio", "rita@audit.example"),
    Person("alex", "Alex Arden", "alex@alex-tools.example"),
    Person("dana", "Dana Demir", "dana@data-tools.example"),
)


@cache
def _hashed() -> str:
    """The one password's hash: seven of them would cost three seconds."""
    return make_password(PASSWORD)


def identity_of(person: Person, now: datetime) -> Identity:
    """The person's identity with a verified address, made when missing. Runs in the caller's transaction."""
    identity = Identity.objects.filter(email=person.email).first()
    if identity is None:
        identity = register_identity(email=person.email, password=None, name=person.name, now=now)
        identity.password = _hashed()
        identity.save(update_fields=["password"])
    if person.second_factor:
        enrol_authenticator(identity=identity, secret=TOTP_SECRET)
    return identity


def totp_secret(identity: Identity) -> str | None:
    """The secret of the enrolled authenticator app, base 32; the person may have enrolled another one since."""
    found = Authenticator.objects.filter(user=identity, type=Authenticator.Type.TOTP).first()
    return str(decrypt(found.data["secret"])) if found else None
