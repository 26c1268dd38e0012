"""What /styleguide/ shows: sample data for the components, colours with their contrast."""

import datetime as dt
from typing import Any

from django import forms, template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from authsec.web import colour, states

register = template.Library()

GROUPS = (
    ("Ground", ["canvas", "surface", "sunken", "raised", "hover", "press", "line", "line-2"], ""),
    ("Ink and accent", ["ink", "ink-2", "ink-3", "field", "accent", "accent-text"], "surface"),
    ("ok", ["ok-text", "ok-wash", "ok-line", "ok-mark"], "ok-wash"),
    ("wait", ["wait-text", "wait-wash", "wait-line", "wait-mark"], "wait-wash"),
    ("stop", ["stop-text", "stop-wash", "stop-line", "stop-mark"], "stop-wash"),
    ("White on fills", ["fill", "fill-hover", "stop-solid", "stop-solid-hover"], "on-fill"),
)
# what is only ground or hairline carries no text, so it owes no contrast
SILENT = ("wash", "line")


class SampleForm(forms.Form):
    """Every kind of field, in every state, for the style guide only."""

    name = forms.CharField(help_text="Shown to operators only.", initial="on-call")
    addresses = forms.CharField(initial="198.51.100.300/24")
    tenant = forms.CharField(
        initial="acme-corp", disabled=True, help_text="You need the role Tenant admin to change this."
    )
    role = forms.ChoiceField(
        choices=[("1", "Release Manager"), ("2", "Deploy Operator")], help_text="deploy:run, deploy:rollback"
    )
    password = forms.CharField(widget=forms.PasswordInput)
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="Written to the audit log. Ed doesn’t see it."
    )
    mfa = forms.BooleanField(
        label="Ask for a second factor", initial=True, required=False, help_text="Within 12 hours."
    )
    admission = forms.ChoiceField(
        label="Who may come in",
        choices=[("anyone", "Anyone"), ("members", "Members"), ("listed", "Listed people")],
        widget=forms.RadioSelect,
        initial="anyone",
    )
    kind = forms.ChoiceField(
        choices=[
            ("mcp", format_html("<b>{}</b><span class='secondary'>{}</span>", "MCP server", "AI clients call its tools")),
            ("web", format_html("<b>{}</b><span class='secondary'>{}</span>", "Web app", "people sign in to it")),
            ("api", format_html("<b>{}</b><span class='secondary'>{}</span>", "API", "programs call it")),
        ],
        widget=forms.RadioSelect, initial="mcp",
    )  # fmt: skip


@register.simple_tag
def sample_form(theme: str) -> forms.Form:
    """A form with one wrong answer in it; ids carry the theme, since both stand on one page."""
    data = {
        "name": "on-call",
        "addresses": "198.51.100.300/24",
        "role": "1",
        "reason": "Key found in a public repository again",
        "mfa": "on",
        "admission": "anyone",
        "kind": "mcp",
        "password": "x",
    }
    form = SampleForm(data, auto_id=f"{theme}-%s", prefix=theme)
    form.data = {f"{theme}-{key}": value for key, value in data.items()}
    form.add_error("addresses", "198.51.100.300/24 is not an address range. The last part goes up to 255.")
    return form


@register.simple_tag
def colours(theme: str) -> list[dict[str, Any]]:
    """Groups of tokens with the figures of one theme and the contrast against their ground."""
    dark = theme == "dark"
    return [
        {"name": group, "tokens": [_token(name, ground, dark) for name in names]}
        for group, names, ground in GROUPS
    ]


def _token(name: str, ground: str, dark: bool) -> dict[str, str]:
    quiet = not ground or name.endswith(SILENT)
    against = "surface" if name.endswith("mark") else ground
    lightness, chroma, hue = colour.tokens()[name][dark]
    figures = f"{lightness:g} {chroma:g} {hue:g}".replace("0.", ".")
    return {
        "name": name,
        "figures": figures,
        "contrast": "" if quiet else f"{colour.contrast(name, against, dark):.1f}",
    }


@register.simple_tag
def state_keys() -> list[str]:
    """Every state a pill can show."""
    return list(states.STATES)


@register.simple_tag
def sample(name: str) -> Any:
    """Sample data by name; names, hosts and figures are made up."""
    return SAMPLES[name]() if callable(SAMPLES[name]) else SAMPLES[name]


def _ago(**delta: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(**delta)


def _people() -> list[dict[str, Any]]:
    seen = (
        ("Ingrid Solheim", "rest", 2, "active"),
        ("Tomás Aguirre", "hover", 4, "active"),
        ("Ed Okafor", "selected", 6, "active"),
        ("Priya Raghunathan", "keyboard focus", 9, "active"),
        ("Jakub Novotný", "the exception gets the wash", 61, "suspended"),
    )
    return [
        {"name": name, "note": note, "seen": _ago(minutes=ago), "state": state}
        for name, note, ago, state in seen
    ]


def _timeline() -> list[dict[str, Any]]:
    return [
        {
            "icon": "plug",
            "sentence": mark_safe("<b>pdf-mcp</b> checked Claude’s token"),
            "at": _ago(minutes=6),
        },
        {
            "icon": "ban",
            "tone": "stop",
            "sentence": mark_safe("<b>Alex</b> suspended Ed"),
            "reason": "key in a public repository",
            "at": _ago(days=9),
            "payload": '{"action": "enduser.suspend", "status": ["active", "suspended"]}',
        },
        {
            "icon": "check",
            "sentence": mark_safe("Ed allowed <b>Claude</b> to use <b>pdf-mcp</b>, 2 scopes. First consent."),
            "at": _ago(days=200),
        },
    ]


def _path(state: str, reason: str, role: str, via: tuple[str, str, str, str], when: str) -> dict[str, Any]:
    kind, icon, name, note = via
    links = [
        {"kind": "Role", "icon": "shield-check", "name": role, "note": "3 scopes"},
        {"kind": "Binding", "icon": "link", "name": "on deploy-mcp", "note": when},
        {"kind": kind, "icon": icon, "name": name, "note": note},
        {"kind": "User", "icon": "user", "name": "Alice Moreau", "note": "member, active"},
    ]
    return {"state": state, "reason": reason, "links": links}


SCOPES = [
    {"scope": "deploy:read", "description": "Read deployments and their status", "risk": "low", "badges": [("direct", "", True), ("group", "", True), ("ends", "ends in 6 days", True)], "entitled": "yes", "supported": "yes", "requested": "yes", "state": "active", "reason": "directly", "paths": [_path("active", "Directly, until 28 Nov.", "Auditor", ("Group", "users-round", "engineering", "added by Olga"), "tenant-wide")]},
    {"scope": "deploy:run", "description": "Start a deployment", "risk": "high", "badges": [("group", "", True), ("mfa", "MFA within 12 h", False)], "entitled": "mfa", "supported": "yes", "requested": "yes", "state": "pending_step_up", "reason": "through on-call", "open": True, "paths": [
        _path("pending_step_up", "Last second factor was 26 h ago; this binding asks for one within 12 h.", "Deploy Operator", ("Group", "users-round", "on-call", "added by SCIM, 12 Oct"), "MFA within 12 h · by Adam"),
        _path("outside_ip", "198.51.100.24 is outside 203.0.113.0/24.", "Release Manager", ("Service account", "bot", "release-bot", "Alice operates it"), "from 203.0.113.0/24")]},
    {"scope": "deploy:rollback", "description": "Roll back to an earlier release", "risk": "high", "badges": [("service-account", "", True), ("address", "203.0.113.0/24", False)], "entitled": "address", "supported": "yes", "requested": "yes", "state": "outside_ip", "removed_by": "entitled"},
    {"scope": "deploy:secrets", "description": "Read deployment secrets", "risk": "high", "badges": [("group", "", True)], "entitled": "mfa", "supported": "no", "requested": "yes", "state": "not_granted", "removed_by": "supported", "reason": "dropped on 3 Nov by Adam"},
    {"scope": "deploy:admin", "description": "Change pipelines and environments", "risk": "high", "badges": [], "entitled": "no", "supported": "yes", "requested": "yes", "state": "not_granted", "removed_by": "entitled", "reason": "no binding reaches Alice"},
    {"scope": "logs:read", "description": "Read build and run logs", "risk": "low", "badges": [("direct", "", True)], "entitled": "yes", "supported": "yes", "requested": "unasked", "state": "not_granted", "removed_by": "requested", "reason": "the client did not ask"},
]  # fmt: skip

SAMPLES: dict[str, Any] = {
    "people": _people,
    "timeline": _timeline,
    "scopes": SCOPES,
    "chips": [("Application is", "pdf-mcp"), ("Last seen", "within 7 days")],
    "tabs": [{"label": "All", "url": "#"}, {"label": "pdf-mcp this week", "url": "#", "current": True}, {"label": "Suspended", "url": "#", "count": "212"}, {"label": "Pro and Custom", "url": "#"}],
    "segments": [{"label": "fresh", "url": "#"}, {"label": "26 h ago", "url": "#", "current": True}, {"label": "none", "url": "#"}],
    "bulk": [{"label": "Suspend…", "icon": "ban", "value": "suspend"}, {"label": "Change plan tier…", "icon": "layers", "value": "tier"}, {"label": "Revoke tokens…", "icon": "circle-x", "value": "revoke"}],
    "lines": [("3", "sessions stop now"), ("12", "tokens in 3 connections answer inactive at the next call"), ("2", "calls a minute from Claude on pdf-mcp will fail")],
    "facts": [("Plan tier", "Pro"), ("Rate limit", "600 / min", "from tier"), ("First consent", "8 Jan 2026"), ("Second factor", "passkey")],
    "danger": [{"title": "Suspend and revoke all tokens", "text": "12 tokens are gone for good. Ed must connect each client again.", "url": "#", "action": "Suspend and revoke…"}],
    "secret": [("Credential", "rc_9fK2mQ7xT4"), ("Secret", "rs_Vb3zN8kLw0_qYtR5uJ2hXcPdE7mGfA6s")],
    "snippet": 'from fastmcp import FastMCP\n\nmcp = FastMCP("deploy-mcp", auth=auth)\n',
    "diff": [{"change": "lost", "scope": "deploy:run", "before": "needs step-up", "after": "not met", "reason": "Only release-bot’s path is left, and the address is outside."}, {"change": "kept", "scope": "deploy:read", "reason": "kept, directly. It ends on 28 Nov with Auditor."}, {"change": "won", "scope": "docs:read", "before": "no", "after": "active", "reason": "Through plan Pro."}],
    "stats": [
        {"label": "Plan tiers", "value": "≈ 15,600", "note": "on Pro or Custom", "chart": "split", "values": [("Free", 85), ("Pro", 14), ("Custom", 1)]},
        {"label": "Seen per day", "value": "8,914", "note": "today so far", "chart": "line", "start": "24 Oct", "values": [17200, 18100, 17900, 17500, 11000, 10400, 18800, 19100, 19300, 18700, 18500, 11800, 10900, 20100, 19800, 19300, 19000, 18800, 11500, 11000, 19900, 20526, 19700, 20000, 12000, 11700, 20100, 19900, 20400, 8914]},
        {"label": "First consents per day", "value": "31", "note": "today so far", "chart": "bars", "start": "24 Oct", "values": [61, 60, 72, 58, 66, 55, 70, 57, 54, 70, 147, 70, 62, 71, 55, 40, 55, 60, 75, 82, 70, 61, 88, 79, 66, 80, 62, 73, 79, 31]},
        {"label": "Suspensions per day", "value": "1", "note": "today · 212 suspended now", "chart": "bars", "start": "24 Oct", "values": [2, 1, 1, 3, 0, 1, 1, 0, 2, 1, 9, 14, 2, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 0, 1, 2, 1, 1, 3, 1]},
    ],
}  # fmt: skip
