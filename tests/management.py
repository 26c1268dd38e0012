"""Programs that call the management API of a served installation, in acme-corp."""

from typing import Any

import httpx

from tests.servers import Service

V2 = "/uflow/v2"


class Caller:
    """Calls into acme-corp with one token; keeps what must never stand in a dump."""

    def __init__(self, service: Service, token: str) -> None:
        self.service, self.tenant = service, service.tenant("acme-corp")["id"]
        service.keep(token)
        self.headers = {"Authorization": f"Bearer {token}", "X-Tenant-ID": self.tenant}

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.service.http.request(method, f"{V2}/{path}", json=body, headers=self.headers)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body; fails for an error. DELETE is sent twice: the second time nothing is left to do."""
        answer = self.send(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        if method == "DELETE":
            assert (answer.status_code, self.send(method, path).status_code) == (204, 204)
            return None
        told = answer.json()
        for shown_once in (told, told.get("credential") or {}):
            self.service.keep(shown_once.get("secret"), shown_once.get("client_secret"))
        return told


def release_bot(service: Service) -> Caller:
    """The demo's service account, which administers acme-corp."""
    bot = service.service_account("release-bot")
    form = {
        "grant_type": "client_credentials",
        "resource": service.url("/api"),
        "scope": "api:read api:write",
    }
    got = service.http.post("/oauth/token", data=form, auth=(bot["client_id"], bot["client_secret"]))
    return Caller(service, got.json()["access_token"])


def one_call_a_minute(caller: Caller, email: str) -> None:
    """Give an end user a limit that the second call is beyond, where their Application has calls counted."""
    people = f"tenants/{caller.tenant}/end-users"
    [found] = caller("GET", f"{people}?q={email}")["items"]
    limit = {"rate_limit_override": {"limit": 1, "window_s": 60}}
    caller("PATCH", f"{people}/{found['user_id']}", limit)
