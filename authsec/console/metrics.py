"""What one process counts, in Prometheus' text format.

Each worker counts for itself and names itself (``process``): a scrape meets one of them, a sum over ``process`` adds
them up. Counters live in memory; reading them asks nobody.
"""

import os
from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from authsec.limiting import COUNTED_ALONE

CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()
DECISIONS = Counter(
    "authsec_api_decisions",
    "Decisions of the management API: fast (claim, no query), fallback (claim not enough), critical.",
    ["process", "path", "reason"],
    registry=REGISTRY,
)
FEED_LIVE = Gauge(
    "authsec_feed_live",
    "1 while the revocation feed is live.",
    ["process"],
    registry=REGISTRY,
)
FEED_CONNECTIONS = Counter(
    "authsec_feed_connections",
    "Times that the revocation feed came up; more than once are reconnects.",
    ["process"],
    registry=REGISTRY,
)
FEED_CHANGES = Counter(
    "authsec_feed_changes", "Changes heard from the revocation feed.", ["process"], registry=REGISTRY
)
REGISTRY.register(COUNTED_ALONE)


@cache
def _decisions(process: int, path: str, reason: str) -> Counter:
    return DECISIONS.labels(process=str(process), path=path, reason=reason)


def decided(path: str, reason: str = "") -> None:
    """Count a decision: ``path`` fast, fallback or critical; ``reason`` says what made a fast one fall back."""
    _decisions(os.getpid(), path, reason).inc()


def decisions(path: str) -> float:
    """How many decisions this process made by that path, whatever the reason."""
    return sum(
        sample.value
        for metric in DECISIONS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
        and sample.labels["path"] == path
        and sample.labels["process"] == str(os.getpid())
    )


def feed_live(live: bool) -> None:
    """The feed came up or went down."""
    FEED_LIVE.labels(process=str(os.getpid())).set(1 if live else 0)
    if live:
        FEED_CONNECTIONS.labels(process=str(os.getpid())).inc()


def change_heard() -> None:
    """A change was heard."""
    FEED_CHANGES.labels(process=str(os.getpid())).inc()


def text() -> bytes:
    """Everything, for a scrape."""
    return generate_latest(REGISTRY)
