"""What an operator reads when the installation is at fault: a sentence, never a traceback."""

import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, DataError, OperationalError, connection, transaction

from authsec.database.embedded import CHECKOUT
from authsec.database.faults import in_words
from authsec.environment import Environment


@pytest.mark.parametrize(
    ("name", "value", "read", "said"),
    [
        ("PORT", "abc", lambda env: env.int("PORT"), "PORT is 'abc'"),
        ("SIGNUP", "maybe", lambda env: env.one_of("SIGNUP", "open", "invited"), "one of open, invited"),
        ("DATABASE_URL", "mysql://x/y", lambda env: env.database_url("DATABASE_URL", ""), "postgresql://"),
        ("EMAIL_URL", "foo", lambda env: env.mail("EMAIL_URL"), "EMAIL_URL begins with smtp://"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_may_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, read: Any, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=said) as raised:
        read(Environment())
    assert "docs/deploy.md" in (in_words(raised.value) or "")


@pytest.mark.django_db
def test_a_database_without_our_schema_says_how_to_migrate_it() -> None:
    for statement in (
        "select 1 from nothing_here",
        "select nothing_here()",
        "select nothing_here from pg_class",
    ):
        with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert "manage.py migrate" in (in_words(raised.value) or ""), statement
    assert "manage.py migrate" in (in_words(DataError('role "authsec_app" does not exist')) or "")


def test_a_database_that_does_not_answer_is_told_from_a_fault_of_ours() -> None:
    unreached = OperationalError("connection refused")
    unreached.__cause__ = psycopg.OperationalError("connection refused")
    assert "DATABASE_URL" in (in_words(unreached) or "")
    ended = OperationalError("deadlock detected")
    ended.__cause__ = psycopg.errors.DeadlockDetected("deadlock detected")
    assert in_words(ended) is None
    assert in_words(ValueError("ours")) is None


def test_a_command_ends_with_the_sentence_alone() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=os.environ | {"PORT": "abc"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("A setting is wrong. PORT is 'abc'")
    assert "Traceback" not in done.stderr
