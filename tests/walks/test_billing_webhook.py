"""examples/billing-webhook, as its README starts it: a subscription becomes a plan tier, and introspection says so."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from authsec.database.embedded import CHECKOUT
from tests.management import release_bot
from tests.plain_client import newcomer, register
from tests.programs import PythonProgram
from tests.servers import Service

pytestmark = [pytest.mark.slow, pytest.mark.long]
EXAMPLE = CHECKOUT / "examples" / "billing-webhook"
SECRET = "whsec_of_the_tests"
Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def send(services: Any) -> Iterator[Send]:
    """What posts an event to the running receiver, signed, whose service account may change tiers and nothing else."""
    service: Service = services(4)
    caller = release_bot(service)
    role = caller("POST", "roles", {"name": "Billing", "console_permissions": ["endusers:update"]})
    account = caller("POST", "service-accounts", {"name": "billing"})
    caller("POST", "bindings", {"role_id": role["id"], "service_account_id": account["id"]})
    environment = {
        "AUTHSEC_ISSUER": service.base_url,
        "AUTHSEC_TENANT": caller.tenant,
        "AUTHSEC_CLIENT_ID": account["client_id"],
        "AUTHSEC_CLIENT_SECRET": account["client_secret"],
        "WEBHOOK_SECRET": SECRET,
        "TIER_OF_PRICE": json.dumps({"price_pro": "pro"}),
        "PORT": "0",
    }
    service.keep(SECRET)
    with PythonProgram("receiver.py", folder=EXAMPLE, **environment) as receiver:
        port = receiver.line("Listening on ").removeprefix("Listening on ")

        def send(event: dict[str, Any], secret: str = SECRET, at: float | None = None) -> httpx.Response:
            body, moment = json.dumps(event).encode(), str(int(at or time.time()))
            digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
            headers = {"Stripe-Signature": f"t={moment},v1={digest}"}
            return httpx.post(
                f"http://127.0.0.1:{port}/", content=body, headers=headers, timeout=30, trust_env=False
            )

        yield send


def subscription(id: str, user_id: str, created: float, kind: str = "created") -> dict[str, Any]:
    item = {"price": {"id": "price_pro"}}
    about = {"status": "active", "metadata": {"authsec_user": user_id}, "items": {"data": [item]}}
    return {
        "id": id,
        "type": f"customer.subscription.{kind}",
        "created": int(created),
        "data": {"object": about},
    }


def test_a_subscription_moves_its_owner_and_nobody_else_however_it_is_sent(
    service: Service, send: Send
) -> None:
    resource, client = service.application("github-mcp")["resource_uri"], register(service)
    mine, others = (newcomer(service)[0].token(client, resource=resource)["access_token"] for _ in range(2))

    def facts(token: str) -> dict[str, Any]:
        return service.introspect(token, by="github-mcp")

    before, me = facts(others), facts(mine)["sub"]
    now = time.time()
    started = subscription(f"evt_start_{me}", me, now - 60)
    assert send(started).text == "moved"
    assert facts(mine)["plan_tier"] == "pro"
    assert facts(mine)["rate_limit"] == {"limit": 600, "window_s": 60, "source": "tier"}
    ended = subscription(f"evt_end_{me}", me, now, "deleted")
    assert send(ended).text == "moved"
    assert facts(mine)["plan_tier"] == "free"
    assert send(started).text == "moved"  # as it was answered the first time, and without doing it again
    assert send(subscription(f"evt_late_{me}", me, now - 30, "updated")).text == "superseded"
    assert facts(mine)["plan_tier"] == "free"
    assert facts(others) == before


def test_the_receiver_takes_no_strangers_word_and_keeps_what_failed(send: Send) -> None:
    nobody = subscription("evt_nobody", "019a4417-5be2-7d38-a6f1-0c9e7b2d4f58", time.time())
    assert send(nobody, secret="whsec_of_somebody").status_code == 400
    assert send(nobody, at=time.time() - 3600).status_code == 400
    assert send(nobody).status_code == 503  # to be sent again: no end user yet
    assert send(nobody | {"type": "invoice.paid"}).status_code == 200
