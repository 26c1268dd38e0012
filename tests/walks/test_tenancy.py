"""One identity, many tenants, step by step: signup, organization, invitation, removal, switching.

Then the gap between what a token says and what is true, from both of its sides: somebody who has just come in, and
somebody who has just gone. Real HTTP, four worker processes, tokens of the public client ``authsec-cli``.
"""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.plain_client import Person, mailed_link, newcomer, pkce
from tests.servers import Service, eventually

pytestmark = [pytest.mark.slow]
FEED_SECONDS = 5  # the longest that power may outlive its end on the fast path


@dataclass
class Cli:
    """A signed-in person's program with a token for the management API; ``claims`` is what the token says."""

    person: Person
    email: str
    answer: dict[str, Any]

    @classmethod
    def of(cls, service: Service, person: Person, email: str) -> "Cli":
        """Walk the authorization code grant for ``{issuer}/api``."""
        got = person.token(client_of(service), resource=f"{service.base_url}/api", scope="api:read api:write")
        return cls(person, email, got)

    @property
    def claims(self) -> dict[str, Any]:
        middle = self.answer["access_token"].split(".")[1]
        decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return decoded

    def call(self, method: str, path: str, body: Any = None, *, tenant: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.answer['access_token']}"}
        headers |= {"X-Tenant-ID": tenant} if tenant else {}
        return self.person.service.http.request(method, path, json=body, headers=headers)

    def get(self, path: str, **more: Any) -> Any:
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self) -> None:
        """A fresh token by the ``refresh_token`` grant: nobody signs in again."""
        answer = self.person.service.http.post(
            "/oauth/token",
            data={
                "grant_type": "refresh_token",
                "refresh_token": self.answer["refresh_token"],
                "client_id": client_of(self.person.service)["client_id"],
                "resource": f"{self.person.service.base_url}/api",
            },
        )
        assert answer.status_code == 200, answer.text
        self.answer = answer.json()
        self.person.service.keep(self.answer["access_token"], self.answer["refresh_token"])


People = tuple[Cli, Cli, Cli]


def client_of(service: Service) -> dict[str, Any]:
    """The demo's public client of the installation."""
    found: dict[str, Any] = next(row for row in service.demo["clients"] if row["client_id"] == "authsec-cli")
    return found


def signed_up(service: Service) -> Cli:
    """Somebody new, with a program of theirs."""
    person, email = newcomer(service)
    return Cli.of(service, person, email)


@pytest.fixture(scope="module")
def people(services: Callable[[int], Service]) -> People:
    """Olga, Ida and Eve, signed up once: what they open and join is new in each test."""
    service = services(4)
    return signed_up(service), signed_up(service), signed_up(service)


def open_org(cli: Cli, name: str) -> dict[str, Any]:
    answer = cli.call("POST", "/api/orgs", {"name": f"{name} {secrets.token_hex(3)}"})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def invite(cli: Cli, tenant: str, email: str, role: str = "member") -> httpx.Response:
    return cli.call("POST", f"/api/orgs/{tenant}/invite", {"email": email, "role": role})


def accept(cli: Cli, service: Service) -> httpx.Response:
    """Follow the mailed invitation: its token is in the link and nowhere else."""
    link = mailed_link(service, cli.email, containing="/invitations/")
    token = urlsplit(link).path.strip("/").split("/")[-1]
    return cli.call("POST", f"/api/invitations/{token}/accept")


def join(host: Cli, guest: Cli, tenant: str, role: str = "member") -> dict[str, Any]:
    """Invite, accept, and refresh the guest's token."""
    assert invite(host, tenant, guest.email, role).status_code == 201
    answer = accept(guest, host.person.service)
    assert answer.status_code == 200, answer.text
    guest.refresh()
    body: dict[str, Any] = answer.json()
    return body


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


def memberships(cli: Cli) -> dict[str, dict[str, Any]]:
    """``GET /api/me/memberships`` by tenant id."""
    return {row["tenant"]["id"]: row for row in cli.get("/api/me/memberships")["items"]}


# --- Signup ---------------------------------------------------------------------------------------------------------


def test_signup_opens_a_personal_tenant_with_its_owner(service: Service) -> None:
    cli = signed_up(service)
    ((tenant, only),) = memberships(cli).items()
    assert (only["type"], only["status"]) == ("owner", "active")
    assert cli.email.split("@")[0] not in only["tenant"]["slug"]  # never the address
    assert cli.claims["tenants"][tenant]["roles"] == ["tenant-owner"]
    me = cli.get("/api/me")
    assert (me["email"], me["token_refresh_required"]) == (cli.email, False)


# --- Org creation ---------------------------------------------------------------------------------------------------


def test_an_organization_is_complete_in_its_answer_and_in_the_next_token(
    service: Service, people: People
) -> None:
    cli = people[2]
    org = open_org(cli, "Acme")
    assert org["token_refresh_required"] is True
    assert memberships(cli)[org["id"]]["type"] == "owner"  # the database knows at once

    early = cli.call("GET", f"/api/orgs/{org['id']}/members")
    assert problem(early) == (403, "tenant-not-in-token")  # the token in use does not

    cli.refresh()
    assert cli.claims["tenants"][org["id"]]["type"] == "owner"
    (owner,) = cli.get(f"/api/orgs/{org['id']}/members")["items"]
    assert owner["email"] == cli.email


# --- Invitation -----------------------------------------------------------------------------------------------------


def test_an_invitation_comes_by_mail_works_once_and_makes_a_member(service: Service, people: People) -> None:
    olga, ida, _ = people
    org = open_org(olga, "Acme")
    olga.refresh()
    sent = invite(olga, org["id"], ida.email, "admin")
    assert sent.status_code == 201
    link = mailed_link(service, ida.email, containing="/invitations/")
    token = urlsplit(link).path.strip("/").split("/")[-1]
    assert token not in sent.text

    shown = service.http.get(f"/api/invitations/{token}").json()  # before signing in
    assert org["name"] in json.dumps(shown)
    assert shown["role"] == "admin"

    accepted = ida.call("POST", f"/api/invitations/{token}/accept")
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["token_refresh_required"] is True
    assert memberships(ida)[org["id"]]["type"] == "admin"
    assert ida.call("POST", f"/api/invitations/{token}/accept").status_code == 409

    ida.refresh()
    assert "tenant-admin" in ida.claims["tenants"][org["id"]]["roles"]
    assert ida.get(f"/api/orgs/{org['id']}/members")["count"] == 2


def test_an_invitation_is_for_the_address_it_was_sent_to(service: Service, people: People) -> None:
    olga, ida, eve = people
    org = open_org(olga, "Acme")
    olga.refresh()
    assert invite(olga, org["id"], ida.email).status_code == 201
    token = (
        urlsplit(mailed_link(service, ida.email, containing="/invitations/")).path.strip("/").split("/")[-1]
    )
    assert eve.call("POST", f"/api/invitations/{token}/accept").status_code == 403
    assert org["id"] not in memberships(eve)


# --- Removal --------------------------------------------------------------------------------------------------------


def test_a_removed_member_is_out_at_once_and_what_they_did_stays_theirs(
    service: Service, people: People
) -> None:
    olga, ida, _ = people
    org = open_org(olga, "Acme")
    olga.refresh()
    join(olga, ida, org["id"], "admin")
    user_id = ida.claims["tenants"][org["id"]]["user"]
    made = ida.call("POST", "/uflow/v2/groups", {"name": "on-call"}, tenant=org["id"])
    assert made.status_code == 201, made.text

    gone = olga.call("DELETE", f"/api/orgs/{org['id']}/members/{user_id}")
    assert gone.status_code in (200, 204), gone.text

    # A stale admin may not invite: the token still says admin, the database does not.
    assert "tenant-admin" in ida.claims["tenants"][org["id"]]["roles"]
    refused = invite(ida, org["id"], "accomplice@walks.example")
    assert problem(refused) == (403, "membership-left")
    # Nor may they read on: the seconds of the feed, not the minutes of the token.
    eventually(
        lambda: ida.call("GET", "/uflow/v2/groups", tenant=org["id"]).status_code == 403,
        within_s=FEED_SECONDS,
        what="the fast path's refusal",
    )
    # The next token does not hold the tenant any more; the identity's other tenants and session stay.
    ida.refresh()
    assert org["id"] not in ida.claims["tenants"]
    assert problem(ida.call("GET", "/uflow/v2/groups", tenant=org["id"])) == (403, "tenant-not-in-token")
    assert ida.person.get("/account/").status_code == 200
    # Authorship is permanent: their user row and their events still read.
    events = olga.get("/uflow/v2/audit-events", tenant=org["id"])["items"]
    (created,) = [event for event in events if event["action"] == "group.created"]
    assert created["actor"]["id"] == user_id


# --- Switching ------------------------------------------------------------------------------------------------------


def test_switching_is_a_header_that_the_token_vouches_for(service: Service, people: People) -> None:
    olga, other, _ = people
    first, second, foreign = open_org(olga, "First"), open_org(olga, "Second"), open_org(other, "Foreign")
    olga.refresh()
    assert {first["id"], second["id"]} <= set(memberships(olga))
    made = olga.call("POST", "/uflow/v2/groups", {"name": "only in the first"}, tenant=first["id"])
    assert made.status_code == 201

    assert [row["name"] for row in olga.get("/uflow/v2/groups", tenant=first["id"])["items"]] == [
        "only in the first"
    ]
    assert olga.get("/uflow/v2/groups", tenant=second["id"])["items"] == []
    assert problem(olga.call("GET", "/uflow/v2/groups")) == (400, "tenant-required")
    for forged in (foreign["id"], "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"):  # existing or not: the same answer
        assert problem(olga.call("GET", "/uflow/v2/groups", tenant=forged)) == (403, "tenant-not-in-token")


# --- The gap between the token and the database ---------------------------------------------------------------------


def test_prompt_none_brings_a_new_tenant_into_the_claim_without_a_page(
    service: Service, people: People
) -> None:
    cli = people[2]
    org = open_org(cli, "Silent")
    client, resource = client_of(service), f"{service.base_url}/api"
    verifier, challenge = pkce()
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uris"][0],
        "resource": resource,
        "scope": "api:read api:write",
        "state": "s",
        "prompt": "none",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = cli.person.get(str(httpx.URL("/oauth/authorize", params=asked)))
    assert answer.is_redirect, answer.text[:500]
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    token = service.http.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": client["client_id"],
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": client["redirect_uris"][0],
            "resource": resource,
        },
    )
    assert token.status_code == 200, token.text
    cli.answer = token.json()
    service.keep(code, verifier, cli.answer["access_token"], cli.answer["refresh_token"])
    assert org["id"] in cli.claims["tenants"]


def test_a_suspended_member_loses_power_at_once_and_has_it_back_with_the_same_token(
    service: Service, people: People
) -> None:
    olga, ida, _ = people
    org = open_org(olga, "Acme")
    olga.refresh()
    join(olga, ida, org["id"], "admin")
    member = f"/api/orgs/{org['id']}/members/{ida.claims['tenants'][org['id']]['user']}"

    suspended = olga.call("PATCH", member, {"status": "suspended", "reason": "lost laptop"})
    assert suspended.status_code == 200, suspended.text
    assert problem(invite(ida, org["id"], "x@walks.example")) == (403, "membership-suspended")
    eventually(
        lambda: ida.call("GET", "/uflow/v2/groups", tenant=org["id"]).status_code == 403,
        within_s=FEED_SECONDS,
        what="the fast path's refusal",
    )
    assert ida.person.get("/account/").status_code == 200  # the session is the identity's, not the tenant's

    assert olga.call("PATCH", member, {"status": "active"}).status_code == 200
    assert ida.call("GET", "/uflow/v2/groups", tenant=org["id"]).status_code == 200
    assert invite(ida, org["id"], f"{secrets.token_hex(4)}@walks.example").status_code == 201


def test_a_changed_type_counts_at_once_whatever_the_token_says(service: Service, people: People) -> None:
    olga, ida, _ = people
    org = open_org(olga, "Acme")
    olga.refresh()
    join(olga, ida, org["id"], "admin")
    member = f"/api/orgs/{org['id']}/members/{ida.claims['tenants'][org['id']]['user']}"
    assert olga.call("PATCH", member, {"type": "contractor"}).status_code == 200
    assert problem(invite(ida, org["id"], "x@walks.example")) == (403, "forbidden")
    assert (
        ida.call("GET", "/uflow/v2/applications", tenant=org["id"]).status_code == 200
    )  # what is left to them
    ida.refresh()
    assert ida.claims["tenants"][org["id"]]["roles"] == ["contractor"]
