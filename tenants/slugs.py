"""Slugs: a tenant's name in a path. Made from its name, or of random words, never of an e-mail address."""

import re
import secrets
from collections.abc import Iterator

from django.utils.text import slugify

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
TRIES = 20

QUALITIES = (
    "amber ample autumn azure balmy blithe bold brisk bright calm candid cedar clear clever cobalt copper coral "
    "crisp early eager fair fleet fresh gentle glad golden grand green happy hazel honest humble ivory jolly keen "
    "kind lively lucid lunar maple mellow merry mild misty modest neat noble north olive opal patient plain polar "
    "proud quick quiet rapid rosy rustic sandy serene silver simple sincere sleek smooth snowy solar solid spring "
    "steady still summer sunny swift tidy tranquil upland vivid warm western wide willow windy winter wise young"
)
PLACES = (
    "acre anchor arbor atoll basin bay beacon bluff bridge brook cabin canal canyon cape cliff coast cove creek "
    "crest dale delta dock dune fen field fjord forest forge garden gate glade glen grove gulf harbor haven heath "
    "hill inlet island isthmus jetty lagoon lake landing lantern ledge lighthouse loft marsh meadow mesa mill moor "
    "oasis orchard outpost park pass path peak pier pines plain pond port prairie quay quarry rapids reef ridge "
    "river shore sound spire spring strait stream summit terrace tower trail vale valley wharf woods workshop yard"
)


def valid_slug(slug: str) -> bool:
    """Whether the text can be a slug: small letters, digits, single hyphens between them, 2 to 63 characters."""
    return 2 <= len(slug) <= 63 and SLUG.fullmatch(slug) is not None


def random_words() -> str:
    """Two random words, such as ``quiet-harbor``."""
    return f"{secrets.choice(QUALITIES.split())}-{secrets.choice(PLACES.split())}"


def candidates(name: str) -> Iterator[str]:
    """Slugs to try in turn: the name's own, then with a word or a number behind it; random words without a name."""
    base = slugify(name)[:50].strip("-")
    if len(base) < 2:
        for attempt in range(TRIES):
            yield random_words() if attempt < 5 else f"{random_words()}-{secrets.randbelow(9000) + 1000}"
        return
    yield base
    for attempt in range(TRIES):
        yield (
            f"{base}-{secrets.choice(PLACES.split())}"
            if attempt < 5
            else f"{base}-{secrets.randbelow(9000) + 1000}"
        )
