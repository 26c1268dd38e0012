"""A dump of the database opens no door: nothing in it that was handed out as a secret."""

import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from authsec.database.binaries import Account, binaries_for
from tests.plain_client import Person, demo_person, mailed_link, newcomer, register
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk
from tests.walks.test_introspection import api_token
from tests.walks.test_step_up import enrol

pytestmark = walk.marks


def dump_of(service: Service) -> str:
    """Everything in the database, as a backup takes it: by the system role, whom the policies show all rows."""
    account = Account.for_server()
    command = [str(binaries_for(account) / "pg_dump"), "--role=authsec_system", "--enable-row-security"]
    done = account.run(
        [*command, "--inserts", "--dbname", service.database_url], capture_output=True, cwd="/", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def one_of_everything(service: Service, visit: Callable[..., Visitor]) -> None:
    """Make the server hand out one of each secret that it can: ``service`` remembers them."""
    resource = service.application("github-mcp")["resource_uri"]
    person, email = newcomer(service)
    client = register(service)
    got = person.token(client, resource=resource)
    again = service.http.post(
        "/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": got["refresh_token"],
            "client_id": client["client_id"],
            "resource": resource,
        },
    ).json()
    service.keep(again["access_token"], again["refresh_token"])
    person.authorize(register(service, "Never exchanged"), resource=resource)
    register(service, "Confidential", token_endpoint_auth_method="client_secret_basic")
    service.keep(api_token(service, "adam"))
    _reset_link(service, email)
    visitor = visit().share_cookies(person)
    visitor.go("/account/step-up/?next=/account/")
    enrol(visitor)


def _reset_link(service: Service, email: str) -> None:
    with Person(service) as forgetful:
        forgetful.post(forgetful.get("/accounts/password/reset/"), "email", email=email)
        key = urlsplit(mailed_link(service, email, containing="reset")).path.rstrip("/").rpartition("/")[2]
        service.keep(key, key.partition("-")[2])


def stands_in(dump: str, secret: str) -> bool:
    """Whether the dump holds a secret. Eight digits, as of a recovery code, turn up by chance within longer ids."""
    if not secret.isdecimal():
        return secret in dump
    return re.search(rf"(?<![\w-]){secret}(?![\w-])", dump) is not None


def test_a_dump_holds_no_secret_that_was_handed_out(service: Service, visit: Callable[..., Visitor]) -> None:
    one_of_everything(service, visit)
    demo_person(service, "alice")
    for person in service.people.values():
        service.keep(person.http.cookies.get("authsec_session"))
    dump = dump_of(service)
    assert "Alice" in dump, "the dump is empty: row-level security showed nothing"
    assert service.user("olga")["email"] in dump
    given = {secret for secret in service.secrets if len(secret) >= 8}
    assert len(given) > 25
    assert [secret for secret in given if stands_in(dump, secret)] == []


def test_the_search_would_find_a_secret_that_was_kept(service: Service) -> None:
    dump = dump_of(service)
    for kept in (service.application("github-mcp")["credential"]["id"], "PR Writer"):
        assert stands_in(dump, kept)
    assert stands_in("('[\"12345678\"]')", "12345678")
    assert not stands_in("('a-12345678-b', 912345678)", "12345678")
    assert secrets.token_urlsafe(32) not in dump


def test_the_owner_without_the_role_dumps_no_row_of_a_tenant(service: Service) -> None:
    account = Account.for_server()
    command = [str(binaries_for(account) / "pg_dump"), "--enable-row-security", "--data-only"]
    done = account.run([*command, "--dbname", service.database_url], capture_output=True, cwd="/")
    assert "COPY public.authz_role" in done.stdout
    assert "PR Writer" not in done.stdout
