"""Power that was taken away is gone in every process of a real server, feed or no feed (Rule 10)."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.servers import Service, eventually, serving
from tests.walks.test_introspection import api_token

pytestmark = [pytest.mark.slow]
READ, CRITICAL = "/uflow/v2/groups", "/uflow/v2/roles"
WORKERS = 2
SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server of this file's own: people are thrown out and connections killed."""
    with serving(tmp_path_factory.mktemp("revocation"), workers=WORKERS) as running:
        yield running


class Worker:
    """One process of the server, through a connection that is kept."""

    def __init__(self, service: Service) -> None:
        self.http = httpx.Client(base_url=service.base_url, timeout=30, trust_env=False)
        service.closing.callback(self.http.close)

    def counted(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        wanted = {f'{key}="{value}"' for key, value in labels.items()}
        return sum(
            float(sample["value"])
            for sample in SAMPLE.finditer(self.http.get("/metrics").raise_for_status().text)
            if sample["name"] == name and wanted <= set(sample["labels"].split(","))
        )

    @property
    def process(self) -> str:
        found = re.search(r'process="(\d+)"', self.http.get("/metrics").text)
        assert found
        return found[1]

    def ask(self, path: str, token: str, tenant: str) -> httpx.Response:
        return self.http.get(path, headers={"Authorization": f"Bearer {token}", "X-Tenant-ID": tenant})

    def asks_fast(self, token: str, tenant: str) -> bool:
        """Send a read; whether it was decided without a query."""
        before = self.counted("authsec_api_decisions_total", path="fast")
        assert self.ask(READ, token, tenant).status_code == 200
        return self.counted("authsec_api_decisions_total", path="fast") == before + 1


@pytest.fixture(scope="module")
def workers(service: Service) -> list[Worker]:
    """A connection to each process; the kernel spreads them."""
    found: dict[str, Worker] = {}

    def another() -> bool:
        worker = Worker(service)
        found.setdefault(worker.process, worker)
        return len(found) == WORKERS

    eventually(another, within_s=30, what="a connection to each worker")
    return list(found.values())


def trusted_token(service: Service, workers: list[Worker], key: str) -> str:
    """A token of a demo person that every worker trusts: young enough to be younger than all that they missed."""
    tenant = service.tenant("acme-corp")["id"]

    def try_one() -> str | None:
        token = api_token(service, key)
        return token if all(worker.asks_fast(token, tenant) for worker in workers) else None

    return eventually(try_one, within_s=60, what="a token that is younger than the feed's connections") or ""


def member_path(service: Service, key: str) -> str:
    return f"/api/orgs/{service.tenant('acme-corp')['id']}/members/{service.user_id('acme-corp', key)}"


def olga(service: Service, method: str, path: str, **body: Any) -> None:
    headers = {"Authorization": f"Bearer {api_token(service, 'olga')}"}
    service.http.request(method, path, headers=headers, json=body or None).raise_for_status()


def test_a_removed_admin_with_a_valid_token_is_out_of_every_process(
    service: Service, workers: list[Worker]
) -> None:
    tenant = service.tenant("acme-corp")["id"]
    token = trusted_token(service, workers, "adam")
    olga(service, "DELETE", member_path(service, "adam"))
    for worker in workers:
        answer = worker.ask(CRITICAL, token, tenant)
        assert (answer.status_code, answer.json()["type"]) == (403, "membership-left")
    for worker in workers:
        eventually(lambda w=worker: w.ask(READ, token, tenant).status_code == 403, within_s=5)
        assert worker.ask(READ, token, tenant).json()["type"] == "membership-left"


@pytest.mark.long
def test_a_killed_feed_falls_back_comes_again_and_says_so(service: Service, workers: list[Worker]) -> None:
    tenant = service.tenant("acme-corp")["id"]
    token = trusted_token(service, workers, "olga")
    before = [worker.counted("authsec_feed_connections_total") for worker in workers]
    with psycopg.connect(service.database_url, autocommit=True) as connection:
        killed = connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'authsec feed' and datname = current_database()"
        ).fetchall()
    assert len(killed) == WORKERS
    for worker, connections in zip(workers, before, strict=True):
        eventually(
            lambda w=worker, n=connections: w.counted("authsec_feed_connections_total") > n,
            within_s=10,
            what="the feed's return",
        )
        # What was missed meanwhile is not known: the claim of before costs a query now, and is not refused.
        fallbacks = worker.counted("authsec_api_decisions_total", path="fallback", reason="older")
        assert worker.ask(READ, token, tenant).status_code == 200
        assert worker.counted("authsec_api_decisions_total", path="fallback", reason="older") == fallbacks + 1
        assert worker.counted("authsec_feed_live") == 1
    log = service.log.read_text()
    for worker in workers:
        lost = [line for line in log.splitlines() if f"event=feed.lost pid={worker.process} " in line]
        back = [line for line in log.splitlines() if f"event=feed.live pid={worker.process}" in line]
        assert len(lost) == len(back) == 1, log
    assert service.http.get("/readyz").status_code == 200
