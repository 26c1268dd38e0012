"""The kinds of jobs of this context, for the worker and for whoever watches them."""

from endusers import export, import_undo, imports  # noqa: F401 - each registers its kinds
from endusers.bulk import consumers  # noqa: F401
