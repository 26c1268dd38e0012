"""A webhook receiver: what a subscription becomes in the billing system, its owner's plan tier becomes in AuthSec.

Events are signed and shaped as Stripe signs and shapes those of subscriptions; another billing
system needs another ``signed`` and another ``wanted``.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

ISSUER = os.environ["AUTHSEC_ISSUER"]
TENANT = os.environ["AUTHSEC_TENANT"]
CLIENT = (os.environ["AUTHSEC_CLIENT_ID"], os.environ["AUTHSEC_CLIENT_SECRET"])
SECRET = os.environ["WEBHOOK_SECRET"].encode()
TIER_OF_PRICE = json.loads(os.environ["TIER_OF_PRICE"])  # {"price_…": "pro"}
TIER_OF_NOBODY = os.environ.get("TIER_WITHOUT_SUBSCRIPTION", "free")
OLDEST_S = 300  # of a signature, so that nobody plays an old event again
LARGEST = 1_000_000


def signed(body: bytes, header: str, now: float) -> bool:
    """Whether ``t=<seconds>,v1=<hex>`` signs the body: HMAC-SHA256 over the time, a dot and the body."""
    said = [part.partition("=") for part in header.split(",")]
    at = next((value for name, _, value in said if name == "t"), "")
    if not at.isdecimal() or abs(now - int(at)) > OLDEST_S:
        return False
    expected = hmac.new(SECRET, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(
        hmac.compare_digest(value.encode(), expected.encode()) for name, _, value in said if name == "v1"
    )


def wanted(event: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Whose tier an event is about, and what AuthSec is told; None for one that is about no tier."""
    if not event["type"].startswith("customer.subscription."):
        return None
    subscription = event["data"]["object"]
    user_id = subscription["metadata"].get("authsec_user")  # the `sub` of whoever subscribed
    paid = event["type"] != "customer.subscription.deleted" and subscription["status"] in (
        "active",
        "trialing",
    )
    price = subscription["items"]["data"][0]["price"]["id"]
    tier = TIER_OF_PRICE.get(price) if paid else TIER_OF_NOBODY
    if not user_id or not tier:
        return None
    effective_at = datetime.fromtimestamp(event["created"], UTC).isoformat()
    return user_id, {"plan_tier": tier, "reference": event["id"], "effective_at": effective_at}


class AuthSec:
    """Calls of the management API, with a token that is asked for again shortly before it expires."""

    def __init__(self) -> None:
        self._http = httpx.Client(base_url=ISSUER, timeout=10)
        self._token, self._until = "", 0.0

    def move(self, user_id: str, move: dict[str, str]) -> httpx.Response:
        """The answer. Raises httpx.HTTPError where there is none."""
        path = f"/uflow/v2/tenants/{TENANT}/end-users/{user_id}/plan-tier"
        return self._http.post(path, json=move, headers={"Authorization": f"Bearer {self._fresh()}"})

    def _fresh(self) -> str:
        if time.monotonic() >= self._until:
            asked = {"grant_type": "client_credentials", "resource": f"{ISSUER}/api", "scope": "api:write"}
            told = self._http.post("/oauth/token", data=asked, auth=CLIENT).raise_for_status().json()
            self._token, self._until = told["access_token"], time.monotonic() + told["expires_in"] - 30
        return self._token


class Receiver(BaseHTTPRequestHandler):
    """Answers 200 only when AuthSec has it, so that the billing system sends everything else again."""

    authsec = AuthSec()

    def do_POST(self) -> None:
        """One event."""
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 <= size <= LARGEST:
            return self.say(413, "too large")
        body = self.rfile.read(size)
        if not signed(body, self.headers.get("Stripe-Signature", ""), time.time()):
            return self.say(400, "not signed by the billing system")
        found = wanted(json.loads(body))
        if found is None:
            return self.say(200, "not about a plan tier")
        try:
            answer = self.authsec.move(*found)
        except httpx.HTTPError as error:
            return self.say(503, f"no answer from AuthSec: {error}")
        if answer.status_code == 200:
            return self.say(200, answer.json()["outcome"])  # moved, already or superseded: all are done
        return self.say(503, answer.text)

    def say(self, status: int, text: str) -> None:
        """The whole answer."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9103"))), Receiver)
    print(f"Listening on {server.server_port}", file=sys.stderr)
    server.serve_forever()
