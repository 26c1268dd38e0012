"""What a list of named things was narrowed to: read from the address, shown as chips, each with the way without it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest

from authsec.web.http import Request
from authz.forms.group import NamedFilter


@dataclass(frozen=True)
class Chosen:
    """The filters that are on. ``chips``: label, value and the address without it; ``kept``: the hidden inputs that a
    search keeps.
    """

    form: NamedFilter
    data: dict[str, Any]
    chips: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """What was typed into the search field."""
        return str(self.data["q"])

    @property
    def ended(self) -> bool:
        """Whether the list shows what has ended instead of what stands."""
        return bool(self.data["status"] == "ended")

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out that the plain list shows."""
        return bool(self.text or self.chips)


def chosen(request: Request, kind: type[NamedFilter]) -> Chosen:
    """Read the filters. Raises BadRequest (400) for a value that the list doesn't have."""
    form = kind(request.GET)
    if not form.is_valid():
        wrong, errors = next(iter(form.errors.items()))
        raise BadRequest(f"{wrong}: {errors[0]}")
    chips = []
    for name, value in form.cleaned_data.items():
        if value and name != "q":
            field = form.fields[name]
            rest = {other: kept for other, kept in form.cleaned_data.items() if kept and other != name}
            chips.append(
                {
                    "label": field.label,
                    "value": dict(field.choices)[value],  # type: ignore[attr-defined]
                    "url": f"{request.path}?{urlencode(rest)}",
                }
            )
    return Chosen(form, form.cleaned_data, chips)
