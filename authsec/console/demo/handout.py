"""``var/demo.json``: what a developer or a test needs to use the demo, secrets included, readable by its owner only."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password

from authsec.audit.actor import Actor
from authsec.secrets import same_secret
from oauth import credentials
from oauth.clients import creation as clients
from oauth.models import Client

FILE = "demo.json"


def path() -> Path:
    """Where the file is."""
    return settings.VAR / FILE


class Kept:
    """The secrets of an earlier run. Only their digests are in the database, so that the file is all there is."""

    def __init__(self) -> None:
        try:
            self.known = dict(_secrets(json.loads(path().read_text())))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.known = {}

    def credential(
        self, *, tenant_id: UUID, application_id: UUID, actor: Actor, now: datetime
    ) -> dict[str, str]:
        """The Application's credential: the kept one if it still works, else a new one."""
        for row in credentials.live(tenant_id=tenant_id, application_id=application_id, now=now):
            secret = self.known.get(row.credential_id, "")
            if same_secret(secret, row.secret_digest):
                return {"id": row.credential_id, "secret": secret}
        new_id, secret = credentials.issue(
            tenant_id=tenant_id, application_id=application_id, actor=actor, now=now
        )
        return {"id": new_id, "secret": secret}

    def client_secret(self, client: Client, *, actor: Actor, now: datetime) -> str:
        """The client's secret: the kept one if it is still right, else a new one."""
        secret = self.known.get(client.client_id, "")
        if secret and check_password(secret, client.client_secret):
            return secret
        return clients.rotate_secret(tenant_id=client.tenant_id, client_id=client.pk, actor=actor, now=now)

    def remember(self, client: Client, secret: str) -> None:
        """Note the secret of a client that was made just now."""
        self.known[client.client_id] = secret


def write(content: dict[str, Any]) -> None:
    """Replace the file whole, with mode 0600 from its first byte."""
    path().parent.mkdir(parents=True, exist_ok=True)
    draft = path().with_name(f"{FILE}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(path())


def _secrets(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for application in content["applications"]:
        yield application["credential"]["id"], application["credential"]["secret"]
    for client in [*content["clients"], *content["service_accounts"]]:
        yield client["client_id"], client.get("client_secret", "")
