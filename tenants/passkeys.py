"""Passkeys: asking a browser for one, and judging what it answers (Web Authentication Level 3, §7).

They are rows of allauth's ``Authenticator``, which its sign-in asks for after a password; the ceremonies are ours. A
challenge belongs to one browser, one purpose and, where somebody is known already, one person; it lives ten minutes
and is used up by the first answer, right or wrong. The origin must be this server's own, not merely one below its name.
What is stored is public: nobody signs in with a dump of it.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tenants.models import Identity

ASKED = "passkeys_asked"  # in the session: the challenges that wait for an answer
ASKED_AT_MOST = 5  # tabs
ANSWERED_WITHIN = 600  # seconds
LONGEST_ANSWER = 20_000  # characters
LONGEST_ID = 1_023  # bytes, §7.1 step 25
# fido2 reads what a stranger sent, and says in as many ways that it makes no sense.
MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
)
Response = TypeVar("Response", AuthenticationResponse, RegistrationResponse)


class Purpose(StrEnum):
    """What a passkey is asked for."""

    SIGN_IN = "sign-in"  # by somebody not yet known, in the password's place
    SECOND_FACTOR = "second-factor"  # after the password
    CONFIRM = "confirm"  # by whoever is signed in: step-up and re-authentication
    ADD = "add"


class BadPasskey(Exception):
    """The answer proves nothing. The text is for the person."""

    def __init__(
        self, text: str = "This passkey doesn’t work here. Another one, or another way, may."
    ) -> None:
        super().__init__(text)


@dataclass(frozen=True)
class Proof:
    """A right answer. ``verified``: the device made sure who held it (a finger, a face, a PIN), so that the passkey is
    two factors by itself. ``synced``: its key may leave the device, so that no hardware vouches for it.
    """

    authenticator: Authenticator
    verified: bool
    synced: bool


# --- Asking -----------------------------------------------------------------------------------------------------------
def ask(session: Any, *, purpose: Purpose, identity: Identity | None, now: datetime) -> dict[str, Any]:
    """The options for ``navigator.credentials.get`` as JSON (§5.5). The challenge is kept in the session.

    Who signs in with nothing else has to be verified by their device. Otherwise that is only wished for: a plain
    security key is a second factor all the same.
    """
    known = [] if identity is None else _rows(identity)
    options, state = _server().authenticate_begin(
        credentials=[_descriptor(row.data["credential_id"]) for row in known] or None,
        user_verification=_verification(purpose),
    )
    _keep(session, state["challenge"], purpose, identity, now)
    return dict(options)


def ask_for_new(session: Any, *, identity: Identity, now: datetime) -> dict[str, Any]:
    """The options for ``navigator.credentials.create`` as JSON (§5.4): one for each device."""
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(
            id=identity.pk.bytes, name=identity.email, display_name=identity.get_full_name()
        ),
        credentials=[_descriptor(row.data["credential_id"]) for row in _rows(identity)] or None,
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=_verification(Purpose.ADD),
        extensions={"credProps": True},
    )
    _keep(session, state["challenge"], Purpose.ADD, identity, now)
    return dict(options)


# --- Judging ----------------------------------------------------------------------------------------------------------
def judge(session: Any, text: str, *, purpose: Purpose, identity: Identity | None, now: datetime) -> Proof:
    """Whose passkey answered (§7.2): ``identity``'s, or anybody's where nobody is known yet. Raises BadPasskey."""
    answer = _read(text, AuthenticationResponse)
    state = _take(session, answer.response.client_data, purpose, identity, now)
    wanted = Authenticator.objects.select_for_update(of=("self",)).select_related("user")
    row = wanted.filter(
        type=Authenticator.Type.WEBAUTHN, data__credential_id=websafe_encode(answer.raw_id)
    ).first()
    if row is None or (identity is not None and row.user_id != identity.pk):
        raise BadPasskey
    handle = answer.response.user_handle
    if handle != row.user_id.bytes and (handle is not None or identity is None):  # step 6
        raise BadPasskey
    try:
        _server().authenticate_complete(state, [_key(row)], answer)
    except MALFORMED as error:
        raise BadPasskey from error
    facts = answer.response.authenticator_data
    if (facts.counter or row.data["counter"]) and facts.counter <= row.data["counter"]:
        raise BadPasskey  # step 22: somebody made a copy of it
    row.data["counter"] = facts.counter
    row.save(update_fields=["data"])
    return Proof(row, facts.is_user_verified(), facts.is_backup_eligible())


def judge_new(session: Any, text: str, *, identity: Identity, now: datetime) -> dict[str, Any]:
    """What to store of a new passkey (§7.1), without its name. Raises BadPasskey.

    Where it was made is not asked for (attestation none): any device that its owner trusts will do.
    """
    answer = _read(text, RegistrationResponse)
    state = _take(session, answer.response.client_data, Purpose.ADD, identity, now)
    try:
        facts = _server().register_complete(state, answer)
        key = facts.credential_data
        if key is None or key.public_key.ALGORITHM not in CoseKey.supported_algorithms():
            raise BadPasskey
        extensions: Any = answer.client_extension_results
        resident = (extensions or {}).get("credProps", {}).get("rk")
    except MALFORMED as error:
        raise BadPasskey from error
    name = websafe_encode(key.credential_id)
    if not 0 < len(key.credential_id) <= LONGEST_ID:
        raise BadPasskey
    if Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN, data__credential_id=name).exists():
        raise BadPasskey("This passkey is in use already.")  # step 26
    return {
        "credential_id": name,
        # In allauth's shape, because its own pages look there.
        "credential": {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {
                "clientDataJSON": websafe_encode(answer.response.client_data),
                "attestationObject": websafe_encode(answer.response.attestation_object),
            },
        },
        "counter": facts.counter,
        "verified": facts.is_user_verified(),
        "synced": facts.is_backup_eligible(),
        # Whether it can be found without a name. Not every browser tells; None then.
        "resident": resident if isinstance(resident, bool) else None,
    }


def _server() -> Fido2Server:
    place = urlsplit(settings.PUBLIC_URL)
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=place.hostname or "", name="AuthSec"),
        # §7.2 step 13. The library would take every origin below the name.
        verify_origin=lambda origin: origin == settings.PUBLIC_URL,
    )
    server.timeout = ANSWERED_WITHIN * 1_000  # type: ignore[assignment]
    return server


def _verification(purpose: Purpose) -> UserVerificationRequirement:
    alone = purpose == Purpose.SIGN_IN
    return UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED


def _key(row: Authenticator) -> AttestedCredentialData:
    kept = RegistrationResponse.from_dict(row.data["credential"])
    found: Any = kept.response.attestation_object.auth_data.credential_data
    return AttestedCredentialData(found)  # judge_new made sure that there is one


def _rows(identity: Identity) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=identity, type=Authenticator.Type.WEBAUTHN))


def _descriptor(name: str) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(name))


def _read(text: str, shape: type[Response]) -> Response:
    try:
        if len(text) > LONGEST_ANSWER:
            raise BadPasskey
        answer: Response = shape.from_dict(json.loads(text))
        if answer.response.client_data.cross_origin:
            raise BadPasskey  # step 14: nobody may frame this server's pages
        return answer
    except (*MALFORMED, struct.error) as error:
        raise BadPasskey from error


def _keep(session: Any, challenge: str, purpose: Purpose, identity: Identity | None, now: datetime) -> None:
    entry = {"challenge": challenge, "purpose": purpose.value, "of": _name(identity), "at": now.timestamp()}
    session[ASKED] = [*session.get(ASKED, []), entry][-ASKED_AT_MOST:]


def _take(
    session: Any, client: CollectedClientData, purpose: Purpose, identity: Identity | None, now: datetime
) -> dict[str, Any]:
    """The kept challenge that this answers, for the library; used up now."""
    said = websafe_encode(client.challenge)
    entry = next((entry for entry in session.get(ASKED, []) if entry["challenge"] == said), None)
    if entry is None:
        raise BadPasskey("This page had been answered already, or waited too long. Try again.")
    session[ASKED] = [other for other in session[ASKED] if other is not entry]
    if now.timestamp() - entry["at"] > ANSWERED_WITHIN:
        raise BadPasskey("That took too long. Try again.")
    if (entry["purpose"], entry["of"]) != (purpose.value, _name(identity)):
        raise BadPasskey
    return {"challenge": entry["challenge"], "user_verification": _verification(purpose)}


def _name(identity: Identity | None) -> str:
    return str(identity.pk) if identity else ""
