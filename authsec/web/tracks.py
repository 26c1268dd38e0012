"""The track: how a scope fares on its way entitled → supported → requested → granted."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from authsec.web import icons
from authsec.web.kept import kept

CELL = (
    '<td class="c-term"><div class="term {}"><span class="term-node">{}</span>'
    '<span class="term-head" aria-hidden="true">{}</span><span class="term-word">{}</span></div></td>'
)
# A node that the scope passes and the line that leaves it, by colour.
LINES = {"ok": "ok line-ok", "wait": "wait line-wait"}
TERMS = (("entitled", _("Entitled")), ("supported", _("Supported")), ("requested", _("Requested")))


@dataclass(frozen=True)
class Answer:
    """What one term says: its word, its icon, and what it does to the line (passes, waits, breaks)."""

    word: str | Promise
    icon: str
    effect: str
    tone: str = ""


ANSWERS = {
    "yes": Answer(_("yes"), "check", "passes"),
    "mfa": Answer(_("after MFA"), "fingerprint", "waits"),
    "no": Answer(_("no"), "x", "breaks"),
    "unasked": Answer(_("not asked for"), "minus", "breaks"),
    "address": Answer(_("address outside"), "map-pin", "breaks", "wait"),
    "context": Answer(_("address unknown"), "help", "breaks", "wait"),
    "not_yet": Answer(_("not yet"), "hourglass", "breaks", "wait"),
    "expired": Answer(_("expired"), "clock", "breaks"),
    "ended": Answer(_("ended"), "circle-slash", "breaks"),
    "suspended": Answer(_("suspended"), "ban", "breaks", "stop"),
}


@dataclass(frozen=True)
class Node:
    """One drawn term: label, word, icon, classes of the node and of the line that leaves it."""

    label: str | Promise
    word: str | Promise
    icon: str
    classes: str


def nodes(answers: tuple[str, str, str], words: tuple[str, str, str] = ("", "", "")) -> list[Node]:
    """The three nodes of a track; answers are keys of ANSWERS in the order of TERMS.

    The line is green until a term waits, amber from there, and dashed after the term that breaks it.
    Later terms keep their own answer in grey, so that a person sees what else would be missing.
    """
    drawn, line = [], "ok"
    for (_key, label), given, word in zip(TERMS, answers, words, strict=True):
        answer = ANSWERS[given]
        if line == "broken":
            classes = "later"
        elif answer.effect == "breaks":
            classes, line = f"breaks {answer.tone or 'broken'}", "broken"
        else:
            line = "wait" if answer.effect == "waits" else line
            classes = LINES[line]
        drawn.append(Node(label, word or answer.word, answer.icon, classes))
    return drawn


@kept
def cells(*given: str) -> SafeString:
    """The nodes as cells of a table's row: three answers, and three words that replace theirs where not empty."""
    drawn = nodes(given[:3], given[3:])  # type: ignore[arg-type]
    return format_html_join(
        "", CELL, ((one.classes, icons.render(one.icon), one.label, one.word) for one in drawn)
    )
