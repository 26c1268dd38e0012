"""Forms of a page as a browser without scripts submits them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, how, and what it would send if nobody touched it."""

    action: str
    method: str
    data: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **values: str | list[str]) -> dict[str, list[str]]:
        """What it sends with these fields set; ``[]`` leaves a field out."""
        data = dict(self.data)
        for name, value in values.items():
            data[name] = value if isinstance(value, list) else [value]
        return {name: value for name, value in data.items() if value}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside: list[Form] = []
        self._select: tuple[str, bool] | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            form = Form(has.get("action", ""), has.get("method", "get").lower())
            self.forms.append(form)
            self._inside.append(form)
        elif not self._inside:
            return
        form, name = self._inside[-1], has.get("name", "")
        if tag == "button" and has.get("type", "submit") == "submit":
            form.buttons.append((name, has.get("value", "")))
        elif tag == "select":
            self._select = (name, "multiple" in has)
        elif tag == "option" and self._select:
            chosen, first = self._select[0], self._select[0] not in form.data and not self._select[1]
            if "selected" in has or first:
                form.data[chosen] = [has.get("value", "")]
        elif tag == "textarea" and name:
            form.data[name] = [""]
            self._area = name
        elif tag == "input" and name and "disabled" not in has:
            kind = has.get("type", "text")
            if kind in ("checkbox", "radio") and "checked" not in has:
                return
            if kind not in ("submit", "button", "file"):
                form.data.setdefault(name, []).append(has.get("value", "on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self._area and self._inside:
            self._inside[-1].data[self._area] = [self._inside[-1].data[self._area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._inside:
            self._inside.pop()
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None


def forms(html: str) -> list[Form]:
    """Every form of a page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def form_with(html: str, field_name: str) -> Form:
    """The first form that has this field or button. Raises AssertionError with the start of the page otherwise."""
    for form in forms(html):
        if field_name in form.data or field_name in dict(form.buttons):
            return form
    raise AssertionError(f"no form with {field_name} on the page:\n{html[:3000]}")
