"""How `make test` shares its tests between its workers: file by file, and what needs one server together.

Every file goes to one worker, so that a module's fixtures are made once. All walks and all pages are one unit:
they talk to one server with the demo's world, which takes longest to start. Units that take longest come first,
so that no worker waits for another at the end.
"""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_SERVER = ("tests/walks/", "tests/browser/")
SERVERS_OF_ITS_OWN = ("tests/walks/test_revocation.py",)
PROCESSES = ("tests/architecture/", "tests/jobs/", *SERVERS_OF_ITS_OWN)


def unit(path: str) -> str:
    """The unit that a file (its path from the checkout's root) belongs to."""
    if path.startswith(ONE_SERVER) and path not in SERVERS_OF_ITS_OWN:
        return "one server"
    return path


def order(items: list[pytest.Item]) -> None:
    """Put the collected tests unit by unit, those with servers and processes first, then the largest."""
    paths = [item.nodeid.partition("::")[0] for item in items]
    sizes = Counter(paths)

    def rank(path: str) -> tuple[int, int, str]:
        first = 0 if unit(path) != path else 1 if path.startswith(PROCESSES) else 2
        return first, -sizes[path] if first else 0, path

    # Stable: within a file the order is the one that chance gave.
    items[:] = [item for _, item in sorted(zip(paths, items, strict=True), key=lambda pair: rank(pair[0]))]


class Scheduling(LoadScopeScheduling):
    """pytest-xdist's scheduler by scope, with our units for scopes, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid.partition("::")[0])


def scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """What the hook ``pytest_xdist_make_scheduler`` answers."""
    config.option.loadscopereorder = False  # by number of tests alone, the slowest few would come last
    return Scheduling(config, log)
