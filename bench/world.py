"""The generated world: a database of its own with the demo, and live tokens of its end users."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from authsec.database.embedded import CHECKOUT, DATABASE, Cluster

NAME = "authsec_bench"
TOKENS = 2_000
# Tokens as the token endpoint writes them, one for each of the newest active consumers of one Application.
INSERT = """
insert into oauth_accesstoken (id, token, token_checksum, expires, scope, resource, created, updated, subject,
  subject_kind, acr, amr, requested, audience_id, tenant_id, application_id)
select gen_random_uuid(), '', encode(sha256(convert_to('bench-' || row_number() over (), 'UTF8')), 'hex'),
       now() + interval '1 day', 'pdf:read', '[]', now(), now(), c.user_id, 'user', 'urn:authsec:acr:pwd', '{pwd}',
       '{pdf:read}', c.application_id, c.tenant_id, c.client_id
  from oauth_consent c
  join endusers_enduser e on e.tenant_id = c.tenant_id and e.user_id = c.user_id and e.status = 'active'
 where c.tenant_id = %s and c.application_id = %s and c.withdrawn_at is null
 limit %s
"""


@dataclass(frozen=True)
class World:
    """``environment`` for the servers; ``credential`` and ``tokens`` of one Application."""

    environment: dict[str, str]
    credential: tuple[str, str]
    tokens: list[str]


def build(cluster: Cluster, *, end_users: int, port: int) -> World:
    """Make the database anew and fill it."""
    with psycopg.connect(cluster.url(DATABASE), autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    var = CHECKOUT / "var" / "bench"
    environment = os.environ | {
        "DATABASE_URL": cluster.url(NAME),
        "AUTHSEC_VAR": str(var),
        "AUTHSEC_ENV": "development",
        "PORT": str(port),
        "PYTHONPATH": str(CHECKOUT),
    }
    for command in (
        ["migrate", "--verbosity", "0"],
        ["demo", "--verbosity", "0", "--end-users", str(end_users)],
    ):
        subprocess.run([sys.executable, "manage.py", *command], cwd=CHECKOUT, env=environment, check=True)
    demo = json.loads(Path(var / "demo.json").read_text())
    application = next(entry for entry in demo["applications"] if entry["slug"] == "pdf-mcp")
    tenant = next(entry for entry in demo["tenants"] if entry["slug"] == "alex-tools")
    with psycopg.connect(cluster.url(NAME)) as connection:
        connection.execute("set local role authsec_system")
        written = connection.execute(INSERT, [tenant["id"], application["id"], TOKENS]).rowcount
    with psycopg.connect(cluster.url(NAME), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    credential = application["credential"]["id"], application["credential"]["secret"]
    return World(environment, credential, [f"bench-{number}" for number in range(1, written + 1)])
