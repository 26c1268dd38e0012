"""Invented consumers: as many as wished, the same ones every time, with plausible names, dates, tiers and consents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import connection

from endusers.models import EndUser

SQL = (Path(__file__).parent / "crowd.sql").read_text()
CHUNK = 20_000
DAYS = 420  # how long ago the first of them came

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
    """Where a crowd belongs and what its people have connected. ``clients``: ids of OAuth clients to spread over."""

    tenant_id: UUID
    owner_id: UUID
    owner_name: str
    application_id: UUID
    scopes: Sequence[str]
    clients: Sequence[UUID]


def fill(crowd: Crowd, upto: int, now: datetime) -> int:
    """Add people until the tenant has ``upto`` end users; return how many came.

    Runs inside the tenant's context. The same number is the same person in every installation.
    """
    have = EndUser.objects.filter(tenant_id=crowd.tenant_id).count()
    added = 0
    for first in range(have + 1, upto + 1, CHUNK):
        added += _insert(crowd, first, min(first + CHUNK - 1, upto), now)
    return added


def _insert(crowd: Crowd, first: int, last: int, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            SQL,
            {
                "first": first,
                "last": last,
                "seed": f"{crowd.scopes[0]} ",
                "given": GIVEN.split(),
                "family": FAMILY.split(),
                "hosts": list(HOSTS),
                "reasons": list(REASONS),
                "days": DAYS,
                "now": now,
                "tenant": crowd.tenant_id,
                "owner": crowd.owner_id,
                "owner_name": crowd.owner_name,
                "application": crowd.application_id,
                "scopes": list(crowd.scopes),
                "clients": list(crowd.clients),
            },
        )
        return int(cursor.fetchone()[0])
