"""Two hundred hands on one refresh token, over as many connections at one moment (RFC 9700 §4.14.2)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx

from tests.plain_client import newcomer, register
from tests.servers import Service
from tests.walks import walk

pytestmark = walk.marks
HANDS = 200


def test_of_two_hundred_one_gets_a_pair_and_the_family_ends_with_the_reuse(service: Service) -> None:
    before = service.faults()
    server = service.resource_server("github-mcp")
    person, _ = newcomer(service)
    client = register(service, "Racer")
    first = person.token(client, resource=server.resource_uri)
    other = person.token(client, resource=server.resource_uri)  # another sign-in: a family of its own
    ready = Barrier(HANDS)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": client["client_id"],
    }

    def grab(_: int) -> tuple[int, dict[str, Any]]:
        with httpx.Client(base_url=service.base_url, trust_env=False, timeout=120) as hand:
            ready.wait(60)
            answer = hand.post("/oauth/token", data=form)
            return answer.status_code, answer.json()

    with ThreadPoolExecutor(HANDS) as pool:
        answers = list(pool.map(grab, range(HANDS)))
    won = [body for status, body in answers if status == 200]
    assert len(won) == 1, "one pair"
    for status, body in answers:
        if status == 200:
            assert body["access_token"].startswith("as_at_")
            assert body["refresh_token"].startswith("as_rt_")
        else:
            assert (status, body["error"]) == (400, "invalid_grant"), body
            assert not {"access_token", "refresh_token"} & set(body), "never an empty token"
    service.keep(won[0]["access_token"], won[0]["refresh_token"])
    # The other hands used a token that had been rotated: nothing of this family is left, and no second one was made.
    assert not walk.active(service, won[0]["access_token"], by="github-mcp")
    for token in (won[0]["refresh_token"], first["refresh_token"]):
        answer = service.http.post("/oauth/token", data=form | {"refresh_token": token})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert walk.active(service, other["access_token"], by="github-mcp")
    assert service.faults() == before
