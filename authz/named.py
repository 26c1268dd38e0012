"""What groups and service accounts share: a name that only one of them has, what they are for, and an end for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authz.models import Group, ServiceAccount
from authz.refusals import Findings, Refused

Row = TypeVar("Row", Group, ServiceAccount)


@dataclass(frozen=True)
class Named(Generic[Row]):
    """One kind of such things. ``key``: what events call it and, with ``_id``, verbs' arguments; ``over``: how a closed
    one is spoken of (*is archived*). All of it runs inside the tenant's context.
    """

    model: type[Row]
    key: str
    over: str

    @property
    def word(self) -> str:
        """The thing in words: *service account*."""
        return self.key.replace("_", " ")

    def open(self, tenant_id: UUID, name: str, description: str, actor: Actor, now: datetime) -> Row:
        """A new one. Raises Refused for a blank, long or taken name."""
        facts = self._checked(name, description)
        row = self.model(tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id)
        self._save(row)
        self.note("created", row, actor, now, after=facts)
        return row

    def change(
        self,
        tenant_id: UUID,
        key: UUID,
        name: str | None,
        description: str | None,
        actor: Actor,
        now: datetime,
    ) -> Row:
        """Rename it or say anew what it is for; None leaves a part as it is."""
        row = self.standing(tenant_id, key)
        old = {"name": row.name, "description": row.description}
        given = {"name": name, "description": description}
        facts = self._checked(
            **{part: old[part] if value is None else value for part, value in given.items()}
        )
        changed = {part: value for part, value in facts.items() if value != old[part]}
        if changed:
            row.name, row.description = facts["name"], facts["description"]
            self._save(row)
            self.note("edited", row, actor, now, before={part: old[part] for part in changed}, after=changed)
        return row

    def close(self, row: Row, word: str, actor: Actor, now: datetime, reason: str) -> Row:
        """End it for good; returns early when it has ended. ``word``: what the event calls that."""
        if row.ended_at:
            return row
        findings = Findings()
        reason = findings.text("reason", reason, 500, required=False)
        findings.stop()
        row.ended_at, row.ended_by = now, actor.id
        row.save(update_fields=["ended_at", "ended_by"])
        self.note(word, row, actor, now, reason=reason, before={word: False}, after={word: True})
        return row

    def found(self, tenant_id: UUID, key: UUID) -> Row:
        """The row, locked, also when it has ended; who only refers to it is not held up. Raises Refused."""
        rows = self.model._default_manager.select_for_update(no_key=True)
        row = rows.filter(tenant_id=tenant_id, pk=key).first()
        if row is None:
            raise Refused({f"{self.key}_id": f"There is no such {self.word} here."})
        return row

    def standing(self, tenant_id: UUID, key: UUID) -> Row:
        """The row, locked. Raises Refused for one that has ended."""
        row = self.found(tenant_id, key)
        if row.ended_at:
            raise Refused({f"{self.key}_id": f"{row.name} {self.over}."})
        return row

    def note(self, action: str, row: Row, actor: Actor, now: datetime, **more: Any) -> None:
        """Write down what was done to it."""
        record(
            tenant_id=row.tenant_id,
            actor=actor,
            action=f"{self.key}.{action}",
            target_kind=self.key,
            target_id=row.pk,
            target_name=row.name,
            now=now,
            **more,
        )

    def _checked(self, name: str, description: str) -> dict[str, str]:
        findings = Findings()
        facts = {
            "name": findings.text("name", name, 100),
            "description": findings.text("description", description, 300, required=False),
        }
        findings.stop()
        return facts

    def _save(self, row: Row) -> None:
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise Refused({"name": f"Another {self.word} here has this name."}) from error


GROUPS = Named(Group, "group", "is archived")
ACCOUNTS = Named(ServiceAccount, "service_account", "has ended")
