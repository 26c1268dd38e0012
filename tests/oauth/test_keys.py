"""Signing keys: one set for all processes, rotation with an overlap, and no trust in what a token says of itself."""

import base64
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from authsec.database.context import system_context
from authsec.secrets import decrypt
from oauth import key_schedule, keys
from oauth.models import SigningKey
from tenants.identities import enrol_authenticator
from tests import cast

pytestmark = pytest.mark.django_db
API = f"{settings.ISSUER}/api"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def claims(**changes: object) -> dict[str, object]:
    now = int(timezone.now().timestamp())
    return {"iss": settings.ISSUER, "aud": API, "sub": "someone", "iat": now, "exp": now + 600} | changes


def header(token: str) -> dict[str, str]:
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_what_it_signs_it_verifies() -> None:  # RFC 9068 §2.1, §4
    token = keys.sign(claims())
    assert header(token)["typ"] == "at+jwt"
    assert header(token)["alg"] == "ES256"
    assert keys.verify(token, API)["sub"] == "someone"


def test_an_id_token_is_signed_with_rs256() -> None:  # OpenID Connect Core §15.1
    token = keys.sign(claims(aud="client"), alg="RS256", typ="JWT")
    assert header(token)["alg"] == "RS256"
    assert keys.verify(token, "client", typ="JWT")["aud"] == "client"


def test_the_public_keys_hold_no_private_part_and_name_every_signature() -> None:  # RFC 7517 §4.5, §5
    token = keys.sign(claims())
    assert Client(enforce_csrf_checks=True).post("/oauth/jwks").status_code == 405
    answer = Client().get("/oauth/jwks")
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    published = {key["kid"]: key for key in answer.json()["keys"]}
    assert {key["alg"] for key in published.values()} == {"ES256", "RS256"}
    assert not any({"d", "p", "q"} & set(key) for key in published.values())
    assert header(token)["kid"] in published
    assert jwt.decode(token, ECKey.import_key(published[header(token)["kid"]])).claims["aud"] == API


def test_private_parts_are_encrypted_at_rest() -> None:
    keys.sign(claims())
    with system_context():
        kept = [bytes(row.private_encrypted) for row in SigningKey.objects.all()]
    assert kept
    assert not any(b'"d"' in private for private in kept)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": "soon"}, "does not say when"),
        ({"exp": None}, "does not say when"),
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"aud": "https://elsewhere.example/api"}, "another resource"),
        ({"aud": None}, "another resource"),
        ({"nbf": 99_999_999_999}, "not valid yet"),
        ({"iat": 99_999_999_999}, "not valid yet"),
    ],
)
def test_claims_that_do_not_fit_are_refused(changes: dict[str, object], reason: str) -> None:  # RFC 9068 §4
    with pytest.raises(keys.InvalidToken, match=reason):
        keys.verify(keys.sign(claims(**changes)), API)


def unsigned(head: dict[str, object]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(head)}.{part(claims())}."


def forged() -> dict[str, str]:
    kid = header(keys.sign(claims()))["kid"]
    other = ECKey.generate_key("P-256")
    head = {"typ": "at+jwt", "kid": kid}
    public = json.dumps(next(key for key in keys.jwks()["keys"] if key["kid"] == kid))
    return {
        "another key": jwt.encode({**head, "alg": "ES256"}, claims(), other),
        "no kid": jwt.encode({"typ": "at+jwt", "alg": "ES256"}, claims(), other),
        "unknown kid": jwt.encode({**head, "alg": "ES256", "kid": "mine"}, claims(), other),
        "our public key as a secret": jwt.encode(
            {**head, "alg": "HS256"}, claims(), OctKey.import_key(public)
        ),
        "no algorithm": unsigned({**head, "alg": "none"}),
        "none in capitals": unsigned({**head, "alg": "NONE"}),
        "a number for kid": unsigned({**head, "kid": 7, "alg": "ES256"}),
        "an id_token": keys.sign(claims(), typ="JWT"),
        "no JWT": "as_at_something",
        "empty": "",
        "not ASCII": "é.é.é",
        "dots": "..",
        "cut short": keys.sign(claims())[:-4],
    }


def test_forged_tokens_are_refused() -> None:  # RFC 8725 §2.1, §3.1
    for name, token in forged().items():
        with pytest.raises(keys.InvalidToken):
            pytest.fail(f"{name} passed: {keys.verify(token, API)}")


def test_a_rotated_key_is_published_before_it_signs_and_after_it_retired() -> None:
    """OpenID Connect Core §10.1.1."""
    old = keys.sign(claims(exp=timezone.now().timestamp() + 3 * 86_400))
    now = timezone.now()
    keys.rotate(now)
    assert len(keys.jwks()["keys"]) == 4
    assert header(keys.sign(claims()))["kid"] == header(old)["kid"]
    with time_machine.travel(now + keys.PUBLISHED_BEFORE + timedelta(seconds=1)):
        keys.forget()
        assert header(keys.sign(claims()))["kid"] != header(old)["kid"]
        assert keys.verify(old, API)
    with time_machine.travel(now + keys.PUBLISHED_BEFORE + keys.PUBLISHED_AFTER + timedelta(seconds=1)):
        keys.forget()
        assert len(keys.jwks()["keys"]) == 2
        with pytest.raises(keys.InvalidToken, match="no key of ours"):
            keys.verify(old, API)


def test_rotating_at_once_refuses_what_the_compromised_key_signed() -> None:
    old = keys.sign(claims())
    keys.rotate(timezone.now(), immediately=True)
    with pytest.raises(keys.InvalidToken, match="no key of ours"):
        keys.verify(old, API)
    assert keys.verify(keys.sign(claims()), API)


def test_a_key_outlives_the_request_that_made_it_and_failed() -> None:
    with transaction.atomic():
        token = keys.sign(claims())
        transaction.set_rollback(True)
    keys.forget()
    assert keys.verify(token, API)


@pytest.mark.slow
def test_processes_that_start_together_make_one_key() -> None:
    with transaction.atomic():
        keys.sign(claims())
    made: set[str] = set()

    def first_use() -> None:
        ring = keys._Ring()
        ring.load()
        made.update(ring.entries)
        connection.close()

    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2


def test_keys_rotate_by_themselves_once_they_are_old() -> None:
    keys.sign(claims())
    with system_context():
        SigningKey.objects.update(created_at=timezone.now())
    now = timezone.now()
    assert key_schedule.rotate_when_due(now=now) == []
    later = now + key_schedule.ROTATED_EVERY
    made = key_schedule.rotate_when_due(now=later)
    assert len(made) == 2
    assert key_schedule.rotate_when_due(now=later) == []
    states = {key.kid: key.state for key in key_schedule.described(later)}
    assert {states[kid] for kid in made} == {"next"}
    assert sorted(states.values()) == ["next", "next", "signs", "signs"]
    key_schedule.rotate_when_due(now=later + timedelta(days=4))
    assert {key.kid for key in key_schedule.described(later)} == set(made)


def test_the_command_lists_keys_and_rotates_them() -> None:
    keys.sign(claims())
    out = StringIO()
    call_command("keys", stdout=out)
    assert sorted(line.split()[1:3] for line in out.getvalue().partition("\n\n")[0].splitlines()) == [
        ["ES256", "signs"],
        ["RS256", "signs"],
    ]
    out = StringIO()
    call_command("keys", "rotate", stdout=out)
    assert out.getvalue().count("next") == 2
    out = StringIO()
    call_command("keys", "rotate", "--now", stdout=out)
    listed, _, told = out.getvalue().partition("\n\n")
    states = [line.split()[2] for line in listed.splitlines()]
    assert told.count("Signing keys were rotated") >= 2
    assert states.count("over") >= 2
    assert not any('"d"' in line for line in out.getvalue().splitlines())


def test_the_key_of_encryption_is_rotated_too(settings: Any) -> None:
    """Encryption at rest: the first of AUTHSEC_KEYS encrypts, all decrypt, and an old one can be taken away."""
    old, new = settings.AUTHSEC_KEYS[0], Fernet.generate_key().decode()
    token = keys.sign(claims())
    identity = cast.person("ada@example.test")
    enrol_authenticator(identity=identity, secret="JBSWY3DPEHPK3PXP")
    browser = cast.signed_in(identity)
    settings.AUTHSEC_KEYS = [new, old]
    call_command("keys", "encrypt", stdout=StringIO())
    settings.AUTHSEC_KEYS = [new]
    keys.forget()
    assert keys.verify(keys.sign(claims()), API) == keys.verify(token, API)
    assert decrypt(Authenticator.objects.get(user=identity).data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert browser.get("/account/").status_code == 200
    settings.AUTHSEC_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="back into AUTHSEC_KEYS"):
        call_command("keys", "encrypt")
    assert browser.get("/account/").status_code == 302
