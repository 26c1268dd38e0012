"""What chance decides, the same in every run: a run proves what the one before proved. ``EXPLORE=1`` tries others."""

import os
import random

EXPLORE = bool(os.environ.get("EXPLORE"))


def seed(usual: int) -> int:
    """The usual seed of a test, or, while exploring, one that nobody tried; for its message when it fails."""
    return random.SystemRandom().randrange(2**32) if EXPLORE else usual
