"""The shape of the house: sizes of files, clean templates, nothing in the repository that does not belong there."""

import re
import subprocess
from pathlib import Path

import pytest

from authsec.database.embedded import CHECKOUT

ROOMS = ("authsec", "tenants", "endusers", "authz", "oauth")
HARD_LIMIT = 400
TEMPLATE_LIMIT = 250
BANNED_NAMES = {"utils.py", "helpers.py", "services.py", "misc.py", "common.py"}


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows or would add, relative to the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    paths = (Path(line) for line in done.stdout.splitlines())
    return sorted(path for path in paths if (CHECKOUT / path).is_file())


def lines(path: Path) -> int:
    return len((CHECKOUT / path).read_text().splitlines())


def test_no_python_file_is_longer_than_the_hard_limit() -> None:
    sources = [path for path in tracked("*.py") if "migrations" not in path.parts]
    assert len(sources) > 50
    assert {str(path): lines(path) for path in sources if lines(path) > HARD_LIMIT} == {}


def test_no_template_is_longer_than_its_limit() -> None:
    templates = tracked("templates/*.html")
    assert len(templates) > 30
    assert {str(path): lines(path) for path in templates if lines(path) > TEMPLATE_LIMIT} == {}


def test_files_are_nouns() -> None:
    assert [str(path) for path in tracked("*.py") if path.name in BANNED_NAMES] == []


INLINE = {
    "an inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script of its own": re.compile(
        r"<script\b(?![^>]*\bsrc=)(?![^>]*\btype=\"application/json\")", re.IGNORECASE
    ),
    "an address elsewhere": re.compile(
        r"<(?:script|link|img)\b[^>]*(?:src|href)=\"(?:https?:)?//", re.IGNORECASE
    ),
}
# A mail has no stylesheet to link to, and no page's policy to keep.
MAY_STYLE = ("a style element", "email")


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has(what: str) -> None:
    found = {
        f"{path}:{number}"
        for path in tracked("templates/*.html")
        if (what, path.parent.name) != MAY_STYLE
        for number, line in enumerate((CHECKOUT / path).read_text().splitlines(), 1)
        if INLINE[what].search(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("an inline style", '<p style="color: red">'),
        ("an event handler", "<a onclick='go()'>"),
        ("a script of its own", "<script>go()</script>"),
        ("an address elsewhere", '<script src="https://cdn.example/x.js"></script>'),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: str, text: str) -> None:
    assert INLINE[pattern].search(text)


def test_nothing_generated_or_secret_is_tracked() -> None:
    unwanted = re.compile(
        r"(^|/)(var|\.venv|__pycache__|node_modules|staticfiles)/|\.(pyc|eml|sqlite3|pem|key|env)$"
    )
    assert [str(path) for path in tracked() if unwanted.search(str(path))] == []


def test_no_tracked_file_is_large() -> None:
    large = {str(path): (CHECKOUT / path).stat().st_size for path in tracked()}
    assert {path: size for path, size in large.items() if size > 600_000} == {}


def test_every_room_has_an_init_and_every_test_folder_too() -> None:
    folders = {path.parent for path in tracked(*(f"{room}/*.py" for room in ROOMS), "tests/*.py")}
    missing = [str(folder) for folder in folders if not (CHECKOUT / folder / "__init__.py").exists()]
    assert missing == []


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_link_of_the_documents_leads_somewhere() -> None:
    found = {
        f"{path}: {link}"
        for path in tracked("*.md")
        for link in LINK.findall((CHECKOUT / path).read_text())
        if not link.startswith(("http", "mailto:")) and not (CHECKOUT / path.parent / link).exists()
    }
    assert found == set()


def test_every_rule_that_the_code_names_is_stated() -> None:
    stated = set(re.findall(r"^(\d+)\. \*\*", (CHECKOUT / "docs/rules.md").read_text(), re.MULTILINE))
    named = {
        (number, str(path))
        for path in tracked("*.py", "*.sql", "*.md", "*.cedarschema")
        for numbers in re.findall(r"\bRules? (\d+(?:(?:,| and| to) \d+)*)", (CHECKOUT / path).read_text())
        for number in re.findall(r"\d+", numbers)
    }
    assert len(named) > 50
    assert {where for number, where in named if number not in stated} == set()


def test_the_environment_is_documented() -> None:
    settings = (CHECKOUT / "authsec/settings.py").read_text()
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", settings))
    documented = (CHECKOUT / "docs/deploy.md").read_text()
    assert len(read) > 10
    assert sorted(name for name in read if f"`{name}`" not in documented) == []
