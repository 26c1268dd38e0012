"""docs/permissions.md's tables, written from the data: system roles, what each may do, the policies."""

from collections.abc import Iterable
from pathlib import Path

from authz import system_roles
from authz.cedar import engine

FILE = Path(__file__).parents[1] / "docs" / "permissions.md"
BEGIN, END = "<!-- written by manage.py policies --write -->", "<!-- until here -->"


def tables() -> str:
    """The tables as Markdown."""
    return "\n\n".join([_roles(), _groups(), _matrix(), _policies()])


def written() -> str:
    """The file with tables as they are now. Raises ValueError when it has lost its two marks."""
    before, found, rest = FILE.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"{FILE.name} needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def is_current() -> bool:
    """Whether the file says what the data says."""
    return FILE.read_text(encoding="utf-8") == written()


def _roles() -> str:
    rows = (
        (
            role.type.replace("_", " "),
            f"{role.name} (`{role.key}`)",
            _names(role.tenant_groups),
            _names(role.listed),
            role.description,
        )
        for role in system_roles.table()
    )
    return _table("System roles", ["member type", "role", "tenant groups", "lists", "in short"], rows)


def _groups() -> str:
    rows = ((f"`{name}`", sentence) for name, sentence in engine.tenant_groups().items())
    return _table("Tenant groups", ["group", "what its policy says"], rows)


def _matrix() -> str:
    roles = system_roles.table()
    rows = (
        (f"`{name}`", words, *("yes" if name in role.permissions else "" for role in roles))
        for name, words in engine.actions().items()
    )
    return _table("Actions", ["action", "what it is", *(role.name for role in roles)], rows)


def _policies() -> str:
    rows = ((f"`{policy.id}`", policy.effect, policy.sentence) for policy in engine.policies())
    return _table("Policies", ["id", "effect", "what it says"], rows)


def _table(title: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ["---"] * len(columns), *map(list, rows)]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
