"""Examples made from schemas: what the story says of a member, else an enumeration's first value, else a plain one."""

from typing import Any

from authsec.console.story import SHOWN, TOLD
from authsec.console.story_cast import ACME, NOW

PLAIN = {"integer": 1, "number": 1.0, "boolean": True, "string": "text", "null": None}
FORMATS = {"uuid": ACME, "date-time": NOW, "email": "alice@acme.example", "uri": "https://acme.example/"}


class Storyteller:
    """Makes examples from the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Any] = document["components"]["schemas"]

    def example(self, schema: dict[str, Any], owner: str = "", member: str = "") -> Any:
        """A value that the schema accepts. ``owner`` is the schema that it is a ``member`` of."""
        name = schema.get("$ref", "").rpartition("/")[2]
        for key in (*_keys(owner, member), *_keys(name)):
            if key in TOLD and self._may_be(schema, TOLD[key]):
                return TOLD[key]
        if name:
            return self.example(self.schemas[name], name)
        for word in ("oneOf", "allOf", "anyOf"):
            if word in schema:
                return self.example(schema[word][0], owner)
        if schema.get("enum"):
            return schema["enum"][0]
        if "properties" in schema:
            shown = _shown(owner, schema)
            return {name: self.example(schema["properties"][name], owner, name) for name in shown}
        if "items" in schema:
            return [self.example(schema["items"], owner)]
        return _plain(schema)

    def _may_be(self, schema: dict[str, Any], value: Any) -> bool:
        """Whether an enumeration, if the schema is one, has the value: ``status`` means many things."""
        for word in ("oneOf", "allOf", "anyOf"):
            if word in schema:
                return any(self._may_be(one, value) for one in schema[word])
        named = self.schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        return "enum" not in named or value in named["enum"]


def family(name: str) -> str:
    """What a schema is about: ``PatchedGroupChange`` and ``GroupInput`` are about ``Group``."""
    return name.removeprefix("Patched").removeprefix("New").removesuffix("Input").removesuffix("Change")


def _keys(owner: str, member: str | None = None) -> list[str]:
    """Where :data:`TOLD` may say something, the narrowest first."""
    owners = [one for one in (owner, family(owner)) if one]
    if member is None:
        return owners
    return [*(f"{one}.{member}" for one in owners), member] if member else []


def _shown(owner: str, schema: dict[str, Any]) -> list[str]:
    """The members that an example has: of an answer all, of a body what it must have and what SHOWN adds."""
    if schema.get("additionalProperties") is not False:
        return sorted(schema["properties"], key=lambda name: name != "items")
    wanted = {*schema.get("required", []), *SHOWN.get(owner, ())}
    return [name for name in schema["properties"] if name in wanted] or list(schema["properties"])[:1]


def _plain(schema: dict[str, Any]) -> Any:
    kinds = schema.get("type", "object")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        return {}
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    return FORMATS.get(schema.get("format", ""), PLAIN[kind])
