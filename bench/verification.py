"""What verifying tenant and power of one API request costs on the fast path, beside decoding its token.

In one process, no HTTP: the parts are a few microseconds each and would drown in a request. A real feed listens on
the world's database; tokens are signed as the token endpoint signs them. Rounds alternate between the parts.
"""

import json
import os
import subprocess
import sys
from statistics import median
from time import perf_counter, thread_time
from types import SimpleNamespace

from authsec.database.embedded import CHECKOUT
from bench.world import World

ROUNDS, TURNS = 40, 250
BUDGET_US = 20.0
MARK = "measured: "


def run(world: World) -> list[str]:
    """Measure in a process of its own, with the world's settings; return the table's lines."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.verification"],
        cwd=CHECKOUT,
        env=world.environment | {"DJANGO_SETTINGS_MODULE": "authsec.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    last = next(line for line in done.stdout.splitlines() if line.startswith(MARK))
    measured: dict[str, float] = json.loads(last.removeprefix(MARK))
    tenant = measured["verify the tenant by the claim"]
    return [
        "",
        "## Verifying a request of the management API",
        "",
        f"One process, one thread; processor time (the database: time on the clock), median of {ROUNDS} rounds "
        f"of {TURNS} each, the steps in turn. A token of the demo person with the most tenants.",
        "",
        "| step | µs | statements |",
        "|---|---:|---:|",
        *(f"| {name} | {cost:.1f} | {1 if 'database' in name else 0} |" for name, cost in measured.items()),
        "",
        f"Verifying the tenant on the fast path: **{tenant:.1f} µs** beyond decoding (budget: {BUDGET_US:g}).",
    ]


def measure() -> dict[str, float]:
    """Microseconds of each step, by name."""
    import django

    django.setup()
    from uuid import UUID, uuid4

    from django.conf import settings
    from django.test import RequestFactory
    from django.utils import timezone
    from rest_framework.request import Request

    from authsec.console import feed
    from authsec.console.bearer import Bearer
    from authsec.console.drf import selected_tenant
    from authsec.console.power import CallersPower
    from authsec.console.standing import read_standing
    from authsec.database.context import system_context, tenant_context
    from oauth import api_token, keys
    from tenants.models import Identity

    with system_context():
        person = Identity.objects.get(email__startswith="alex@")
    now = timezone.now()
    token = api_token.for_identity(
        identity_id=person.pk,
        client_id="authsec-cli",
        scopes={api_token.READ, api_token.WRITE},
        jti=uuid4(),
        now=now,
    )
    bearer = Bearer(keys.verify(token, settings.API_RESOURCE))
    tenant = next(key for key, entry in bearer.tenants.items() if entry["type"] == "owner")
    tenant_id = UUID(tenant)
    heard = feed.Feed()
    feed.use(heard)
    heard.start()
    while not heard.live:
        pass
    heard.changes.listening_since(now.timestamp() - 3_600)
    for number in range(1_000):  # what a busy minute leaves in the memory
        heard.changes.note(f"user {tenant} {uuid4()}", now.timestamp() - number)

    request = Request(RequestFactory().get("/uflow/v2/groups", headers={"X-Tenant-ID": tenant}))
    view = SimpleNamespace(kwargs={})

    def by_claim() -> None:
        power = CallersPower(bearer, selected_tenant(request, view, bearer), ip=None, now=now)
        must(not power.fell_back and power.standing.type == "owner")

    def power_by_claim() -> None:
        must(CallersPower(bearer, tenant_id, ip=None, now=now).decide("groups:read").allowed)

    def by_database() -> None:
        read_standing(bearer, tenant_id, ip=None, now=now)

    steps = {
        "decode and check the token": lambda: keys.verify(token, settings.API_RESOURCE),
        "verify the tenant by the claim": by_claim,
        "and decide one action by the claim (Cedar)": power_by_claim,
        "standing and power from the database": by_database,
    }
    rounds: dict[str, list[float]] = {name: [] for name in steps}
    with tenant_context(tenant_id):
        for _ in range(ROUNDS):
            for name, step in steps.items():
                clock = perf_counter if step is by_database else thread_time
                began = clock()
                for _ in range(TURNS):
                    step()
                rounds[name].append((clock() - began) / TURNS * 1e6)
    heard.stop(wait_s=3)
    return {name: median(costs) for name, costs in rounds.items()}


def must(happened: bool) -> None:
    """Stop when a step did not do what it is measured for."""
    if not happened:
        raise RuntimeError("The fast path was not taken.")


if __name__ == "__main__":
    sys.stdout.write(MARK + json.dumps(measure()) + "\n")
    sys.stdout.flush()
    os._exit(0)
