"""Every static check, one line each; the output of a check is shown only when it fails."""

import os
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent
PRODUCTION = {
    "AUTHSEC_ENV": "production",
    "SECRET_KEY": "a-key-that-only-the-deploy-check-ever-sees-0123456789-abcdefghij",
    "AUTHSEC_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "PUBLIC_URL": "https://authsec.example",
    "DATABASE_URL": "postgresql://authsec_owner@localhost/authsec",
    "EMAIL_URL": "smtp://localhost:25",
}


def tool(name: str, *arguments: str) -> list[str]:
    return [str(TOOLS / name), *arguments]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def templates() -> list[str]:
    return sorted(str(path.relative_to(CHECKOUT)) for path in CHECKOUT.glob("templates/**/*.html"))


CHECKS: list[tuple[str, list[str], dict[str, str]]] = [
    ("format", tool("ruff", "format", "--check", "."), {}),
    ("lint", tool("ruff", "check", "."), {}),
    ("templates", tool("djade", "--check", "--target-version", "5.2", *templates()), {}),
    ("import contracts", tool("lint-imports"), {}),
    ("types", tool("mypy"), {}),
    ("system checks", manage("check", "--fail-level", "WARNING"), {}),
    ("policies", manage("policies"), {}),
    ("migrations", manage("makemigrations", "--check", "--dry-run"), {}),
    ("deploy checks", manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION),
]


def main() -> int:
    failed = 0
    for name, command, environment in CHECKS:
        started = time.monotonic()
        done = subprocess.run(
            command, cwd=CHECKOUT, env=os.environ | environment, capture_output=True, text=True, check=False
        )
        took = time.monotonic() - started
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({took:.1f} s)", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout + done.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
