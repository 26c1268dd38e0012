"""The files of the repository tell nothing about the machine or the registry that they were made with."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from authsec.database.embedded import CHECKOUT
from scripts.node import FOLDERS

LEFT_ALONE = {
    ".git",
    ".venv",
    ".venv-sdk",
    "var",
    "node_modules",
    "staticfiles",
    "__pycache__",
    ".hypothesis",
}
# In halves, so that this file may pass its own test.
TRACES = [
    "/ro" + "ot/",
    "/ho" + "me/",
    "/Us" + "ers/",
    "/wo" + "rk/",
    "pypi" + ".org",
    "python" + "hosted",
    "npmjs" + ".",
]


def texts() -> Iterator[tuple[Path, str]]:
    for folder, below, names in os.walk(CHECKOUT):
        below[:] = [name for name in below if name not in LEFT_ALONE and not name.endswith("_cache")]
        for name in set(names) - LEFT_ALONE:
            path = Path(folder) / name
            try:
                yield path.relative_to(CHECKOUT), path.read_text()
            except (UnicodeDecodeError, OSError):
                continue


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_names_a_home_a_checkout_or_a_registry(trace: str) -> None:
    assert [str(path) for path, text in texts() if trace in text] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "requirements-sdk.txt"])
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    entries = (CHECKOUT / name).read_text().replace("\\\n", " ").splitlines()
    for entry in entries:
        requirement, *hashes = entry.split(" --hash=")
        assert "==" in requirement
        assert hashes, requirement
        assert all(digest.strip().startswith("sha256:") for digest in hashes)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_package_of_a_lock_is_one_version_with_a_digest_and_no_address(folder: str) -> None:
    lock = json.loads((CHECKOUT / folder / "package-lock.json").read_text())
    packages = {name: pinned for name, pinned in lock["packages"].items() if name}
    assert packages
    for name, pinned in packages.items():
        assert pinned["integrity"].startswith("sha512-"), name
        assert "resolved" not in pinned, name
