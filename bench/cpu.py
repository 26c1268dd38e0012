"""Processor time of process trees, and how much of the machine strangers used meanwhile. Linux only; else zeros."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def tree_seconds(root: int) -> float:
    """User and system time of a process and all its descendants so far."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for entry in PROC.iterdir() if PROC.exists() else ():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it just ended
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            spent[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICK
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0.0)
        waiting += parents.get(pid, [])
    return total


def machine_seconds() -> float:
    """Time that the machine's processors were busy so far, whoever used them."""
    try:
        fields = (PROC / "stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = (int(value) for value in fields)
    return (user + nice + system + irq + softirq + steal) / TICK
