"""Invented consumers: as many as wished, the same ones every time, with plausible names, dates, tiers and consents."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.console.demo.indexes import without_indexes
from authsec.database.context import owner_context, system_context, tenant_context
from endusers.models import EndUser

STATEMENTS = (Path(__file__).parent / "crowd.sql").read_text().split(";\n\n")
DAYS = 420  # how long ago the first of them came
# From so many on it is cheaper to build the indexes of these tables anew than to keep them up.
MANY = 50_000
TABLES = (
    "tenants_identity",
    "account_emailaddress",
    "users",
    "tenants_profile",
    "endusers_enduser",
    "endusers_endusertier",
    "endusers_standingchange",
    "oauth_consent",
    "audit_event",
)

GIVEN = (
    "Ada Aisha Akira Alma Amara Amir Ana Anders Anika Aria Arjun Astrid Ayo Bao Beatriz Bilal Birgit Bruno Camila "
    "Carmen Chiara Chidi Cora Dalia Daniel Davide Deniz Diego Elena Elif Emeka Emil Emma Erik Esra Eva Farah Felix "
    "Finn Freya Gabriel Giulia Grace Hana Hassan Helena Hugo Ida Ines Ingrid Isaac Ivan Jana Jonas Juan Kaito Karin "
    "Kenji Kofi Lars Layla Leila Leo Lina Lotte Lucia Luis Maja Malik Marco Maria Mateo Mei Mina Mira Mohamed Nadia "
    "Naomi Nia Niko Nils Noor Nora Olu Omar Oscar Paula Pedro Petra Priya Rafael Rania Ravi Rosa Runa Sami Sara Sofia "
    "Sven Tara Tariq Theo Thuy Tomas Uma Vera Victor Wanda Wei Yara Yuki Yusuf Zainab Zoe"
)
FAMILY = (
    "Abebe Acosta Adeyemi Ahmed Alvarez Andersen Arslan Baker Bauer Bianchi Borg Brandt Castro Chen Cohen Costa Cruz "
    "Dahl Das Diallo Dimitrov Dubois Eriksen Esposito Fernandes Fischer Fontaine Garcia Gomez Gupta Haddad Hansen "
    "Hassan Horvat Huang Ibrahim Ito Ivanova Jansen Jensen Johansson Kaya Keller Khan Kim Klein Kovacs Kowalski Kumar "
    "Larsen Laurent Lee Lim Lindberg Lopez Marin Martin Mehta Mendes Meyer Moreau Moretti Mueller Mwangi Nakamura "
    "Nguyen Nielsen Novak Nowak Okafor Olsen Ortega Osman Pereira Petrov Popescu Rahman Ramos Reyes Ricci Rossi Saito "
    "Santos Sato Schmidt Sharma Silva Singh Smit Sousa Suzuki Tanaka Tran Vargas Vega Virtanen Wagner Walker Weber "
    "Wilson Wong Yamamoto Yilmaz Young Zhang Zimmer"
)
HOSTS = ("inbox.example", "mail.example", "post.example", "letters.example", "home.example")
REASONS = (
    "Leaked an access token",
    "Chargeback on the last invoice",
    "Scraped documents of others",
    "Asked us to pause the account",
    "Calls far beyond fair use",
)


@dataclass(frozen=True)
class Crowd:
    """Where a crowd belongs, up to how many end users, and what its people have connected.

    ``clients``: ids of OAuth clients to spread over. ``hosts``: of their addresses; two large crowds need different
    ones, because an address belongs to one person of the installation.
    """

    tenant_id: UUID
    owner_id: UUID
    owner_name: str
    application_id: UUID
    scopes: Sequence[str]
    clients: Sequence[UUID]
    upto: int
    hosts: Sequence[str] = HOSTS

    @property
    def seed(self) -> str:
        """What its people follow from, beside their numbers: two crowds never have the same ids."""
        return self.scopes[0] if self.hosts == HOSTS else self.hosts[0]


def fill(crowds: Iterable[Crowd], now: datetime) -> bool:
    """Add people until each tenant has as many end users as its crowd says; whether any were missing. One transaction.

    The same number is the same person in every installation. A large crowd locks the tables that it fills.
    """
    missing = [(crowd, number) for crowd in crowds if (number := crowd.upto - _have(crowd)) > 0]
    large = sum(number for _, number in missing) >= MANY
    with system_context(), without_indexes(TABLES) if large else contextlib.nullcontext():
        for crowd, _ in missing:
            _fill(crowd, now)
    if large:
        with owner_context(), connection.cursor() as cursor:
            cursor.execute(f"analyze {', '.join(TABLES)}")
    return bool(missing)


def _have(crowd: Crowd) -> int:
    with tenant_context(crowd.tenant_id):
        return EndUser.objects.filter(tenant_id=crowd.tenant_id).count()


def _fill(crowd: Crowd, now: datetime) -> None:
    last = have = _have(crowd)
    while have < crowd.upto:  # again for those whose address was somebody else's already
        first, last = last + 1, last + crowd.upto - have
        with tenant_context(crowd.tenant_id):
            _insert(crowd, first, last, now)
        have = _have(crowd)


def _insert(crowd: Crowd, first: int, last: int, now: datetime) -> None:
    values: dict[str, Any] = {
        "first": first,
        "last": last,
        "seed": f"{crowd.seed} ",
        "given": GIVEN.split(),
        "family": FAMILY.split(),
        "hosts": list(crowd.hosts),
        "reasons": list(REASONS),
        "days": DAYS,
        "now": now,
        "tenant": crowd.tenant_id,
        "owner": crowd.owner_id,
        "owner_name": crowd.owner_name,
        "application": crowd.application_id,
        "scopes": list(crowd.scopes),
        "clients": list(crowd.clients),
    }
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, values)
        cursor.execute("drop table demo_crowd")
