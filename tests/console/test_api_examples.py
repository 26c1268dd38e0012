"""The OpenAPI document's examples keep to their schemas and tell one story; its problem types are all there are."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from jsonschema import Draft202012Validator, FormatChecker

from authsec.console.openapi import document
from authsec.console.reference import sections
from authsec.console.refusals import REFUSALS
from authsec.console.story import SHOWN, TOLD
from authsec.console.story_problems import PROBLEMS
from authsec.web.problems import STATUS_OF, TITLES

CHECKOUT = Path(__file__).resolve().parents[2]
OPERATIONS = {op["operationId"]: op for item in document()["paths"].values() for op in item.values()}


def media_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that an operation takes or gives: its place, and its media type object."""
    for status, answer in operation["responses"].items():
        yield from ((status, media) for media in answer.get("content", {}).values())
    yield from (("body", media) for media in operation.get("requestBody", {}).get("content", {}).values())


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_and_answer_has_examples_that_keep_to_their_schema(name: str) -> None:
    for place, media in media_of(OPERATIONS[name]):
        schema = {**media["schema"], "components": document()["components"]}
        keeps = Draft202012Validator(schema, format_checker=FormatChecker())
        assert media.get("examples"), f"{place} has no example"
        for example in media["examples"].values():
            assert [error.message for error in keeps.iter_errors(example["value"])] == [], place


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_in_a_path_has_an_example(name: str) -> None:
    for parameter in OPERATIONS[name].get("parameters", []):
        assert parameter["in"] != "path" or parameter["example"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_names_the_scope_that_its_method_needs(name: str) -> None:
    reads = any(name in (op.get("get") or {}).get("operationId", "") for op in document()["paths"].values())
    if not OPERATIONS[name]["security"]:
        assert name == "read_invitation"  # the link is the secret
        return
    assert OPERATIONS[name]["security"][0]["bearer"] == ["api:read" if reads else "api:write"]
    schemes = document()["components"]["securitySchemes"]
    assert set(schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]) == {"api:read", "api:write"}


def test_the_story_names_only_what_is_there() -> None:
    schemas = document()["components"]["schemas"]
    assert set(SHOWN) <= set(schemas)
    about = {key.partition(".")[0] for key in TOLD if key[0].isupper()}
    known = {name.removeprefix("Patched").removeprefix("New") for name in schemas} | set(schemas)
    known |= {name.removesuffix("Input").removesuffix("Change") for name in known}
    assert about <= known


def test_a_call_can_be_typed_as_it_stands() -> None:
    """With this installation's address, ids in place of braces, and quotes that a shell takes."""
    for operation in (one for section in sections() for one in section["operations"]):
        address = next(word for word in operation.example.split() if word.startswith("http"))
        assert address.startswith(settings.ISSUER)
        assert "{" not in address
        assert operation.example.count("'") in (0, 2)


@pytest.mark.django_db
def test_the_reference_shows_body_and_answer() -> None:
    text = Browser().get("/api/docs/").content.decode()
    assert "Pilot with a larger quota" in text
    assert "&quot;count_is_estimate&quot;: false" in text


def raised() -> dict[str, str]:
    """Problem type → file, for every literal that code makes a Problem of."""
    found = {}
    for app in ("authsec", "tenants", "endusers", "authz", "oauth"):
        for path in (CHECKOUT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                name = (
                    getattr(node.func, "id", getattr(node.func, "attr", ""))
                    if isinstance(node, ast.Call)
                    else ""
                )
                if name == "Problem" and len(node.args) > 1:
                    texts = [part.value for part in ast.walk(node.args[1]) if isinstance(part, ast.Constant)]
                    found |= {
                        text: str(path.relative_to(CHECKOUT)) for text in texts if isinstance(text, str)
                    }
    return found


def test_every_problem_type_is_described_with_its_status() -> None:
    used = raised() | {kind: "REFUSALS" for _, kind, _ in REFUSALS.values()}
    assert len(used) > 10
    ours = {kind: place for kind, place in used.items() if not kind.endswith("-")}
    assert {kind: place for kind, place in ours.items() if kind not in TITLES} == {}
    assert {kind for kind in TITLES if kind not in STATUS_OF} == set()
    told = (CHECKOUT / "docs" / "integrate.md").read_text()
    assert [kind for kind in TITLES if f"`{kind}`" not in told] == []


def test_the_examples_of_problems_are_answered_with_their_own_status() -> None:
    assert {kind: status for kind, (status, _, _) in PROBLEMS.items()} == {
        kind: STATUS_OF[kind] for kind in PROBLEMS
    }
    assert {kind: status for status, kind, _ in REFUSALS.values()}.items() <= STATUS_OF.items()
