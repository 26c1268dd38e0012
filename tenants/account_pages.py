"""What all of allauth's pages have in common here: honest status codes, who asks, nothing kept in caches."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from tenants.own_passkeys import factors_of
from tenants.signin import Asking, describe_next, own_path, waiting_for

ASK_FOR_FACTOR = {"mfa/authenticate.html", "mfa/reauthenticate.html", "mfa/totp/deactivate_form.html"}
TOO_MANY = {"too_many_login_attempts", "rate_limited"}


class AccountPageMiddleware:
    """Gives allauth's pages what its views have no seam for.

    It answers 200 where it refuses: here a form gets 422, a limit 429. A browser shows the page either way; a
    program, a test and a log see the refusal. What was counted on the way is kept
    (``tenants.middleware.TransactionMiddleware``).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: Any, response: Any) -> Any:
        """Runs after the view and before its template."""
        view = getattr(request.resolver_match, "func", None)
        if not getattr(view, "__module__", "").startswith("allauth."):
            return response
        facts = response.context_data = response.context_data or {}
        response.status_code = _status(response, facts, posted=request.method == "POST")
        if response.status_code == 429:
            response["Retry-After"] = "300"
        patch_cache_control(response, private=True, no_store=True)  # codes, secrets, addresses
        stage = getattr(request, "_login_stage", None)  # between password and code the session knows the way
        onward = stage.login.redirect_url if stage else facts.get("redirect_field_value")
        facts["onward"] = own_path(onward or "")
        facts["asking"] = describe_next(onward)
        facts["waiting"] = waiting_for(request.session, onward)
        admit_return(response, facts["asking"])
        if ASK_FOR_FACTOR.intersection(_templates(response)):
            facts["factors"] = factors_of(stage.login.user if stage else request.user)
        _fill_in(facts.get("form"), facts["asking"])
        return response


def _templates(response: Any) -> list[str]:
    named = response.template_name
    return [named] if isinstance(named, str) else list(named)


def _fill_in(form: Any, asking: Asking | None) -> None:
    """Whom the client expects stands in the form, to be changed at will (OpenID Connect Core §3.1.2.1)."""
    if form is None or form.is_bound or not asking or not asking.login_hint:
        return
    for name in ("login", "email"):
        if name in form.fields and not form.fields[name].initial:
            form.fields[name].initial = asking.login_hint


def admit_return(response: Any, asking: Asking | None) -> None:
    """Let the page's form lead, by way of the authorize page, back to the client: the policy checks redirects too."""
    if asking and asking.returns_to:
        response._csp_update = {"form-action": [asking.returns_to]}


def _status(response: Any, facts: dict[str, Any], *, posted: bool) -> int:
    if response.template_name == "account/signup_closed.html":
        return 403
    if facts.get("token_fail"):
        return 400
    if facts.get("confirmation", response) is None:
        return 404
    form = facts.get("form")
    if not posted or "form" not in facts:
        return int(response.status_code)
    if form is None:
        return 422  # the code page, posted without a code
    if not form.is_bound or form.is_valid():
        return int(response.status_code)
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    return 429 if codes & TOO_MANY else 422
