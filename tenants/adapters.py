"""allauth's seams: who may sign up, where links lead, who counts as whom, what is encrypted."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from authsec.database.context import app_context
from authsec.secrets import decrypt, encrypt
from tenants.confirming import is_confirmed
from tenants.identities import free_address
from tenants.invitations import invited_address
from tenants.sessions import LONGEST_AGENT, Device
from tenants.signin import INVITATION, MAILED_TO, TRUST_THIS_BROWSER, own_path
from tenants.trusted_browsers import trust

NOBODY = UUID(int=0)
MESSAGES = {
    "email_password_mismatch": _("The e-mail or the password is not right."),
    "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
    "rate_limited": _("Too many tries. Wait a few minutes, then try again."),
    "incorrect_password": _("This is not your password."),
    "enter_current_password": _("This is not your present password."),
    "incorrect_code": _("This code is not right, or it has been used. Wait for the next one."),
    "duplicate_email": _("This is your address already."),
    "invalid_password_reset": _("This link is not valid any more."),
}


class AccountAdapter(DefaultAccountAdapter):
    """E-mail and password, by the installation's switches, with links that lead to PUBLIC_URL only."""

    error_messages = DefaultAccountAdapter.error_messages | MESSAGES

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """SIGNUP=open, or somebody who holds an invitation that is still good (its view noted it in the session)."""
        return settings.SIGNUP == "open" or _invited(request) is not None

    def clean_email(self, email: str) -> str:
        """Where sign-up is by invitation, a new identity gets the invited address and no other."""
        request = context.request
        if settings.SIGNUP != "open" and request and not request.user.is_authenticated:
            invited = _invited(request)
            if invited and request.resolver_match.url_name == "account_signup" and email != invited:
                raise ValidationError(_("Your invitation is for %(email)s."), params={"email": invited})
        signs_up = request and request.resolver_match.url_name == "account_signup"
        if signs_up and self.is_email_verified(request, email):
            # Whoever merely claimed the invited address gives way, as at a confirmed one.
            free_address(email=email.lower(), owner=NOBODY)
        return email

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Whether this browser has shown the link that was mailed to exactly this address, and that is still good.

        Asked at sign-up only, about the identity that is being made: an identity that somebody made beforehand is not
        verified by it (docs/decisions.md).
        """
        return _invited(request) == email.lower()

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of this server: an absolute address is never followed, whatever host it names."""
        return own_path(url or "") is not None

    def is_ajax(self, request: HttpRequest) -> bool:
        """Never: allauth's JSON answers are not an interface of ours."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that TRUSTED_PROXIES vouches for; empty on a Unix socket without a proxy."""
        return getattr(request, "client_ip", None) or ""

    def get_http_user_agent(self, request: HttpRequest) -> str:
        """The browser in words, as security notices name it: the same as the list of sessions does."""
        return Device(request.headers.get("User-Agent", "")[:LONGEST_AGENT]).words

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Without the Host header, which a client could vary to get a fresh counter.
        return f"login:{credentials.get('email', '').strip().lower()}"

    # --- sign-in ---------------------------------------------------------------------------------------------------
    def pre_login(
        self, request: HttpRequest, user: Any, *, signup: bool, **facts: Any
    ) -> HttpResponse | None:
        """Signing up with a password is a password sign-in too; allauth records it only at the login form."""
        if signup:
            record_authentication(request, user, method="password")
        response: HttpResponse | None = super().pre_login(request, user, signup=signup, **facts)
        return response

    def get_login_stages(self) -> list[str]:
        """With our own trust in browsers, which a tick beside the code gives."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "tenants.trusted_browsers.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def post_login(self, request: HttpRequest, user: Any, **facts: Any) -> HttpResponse:
        """After the session is made: remember the browser if the person ticked that with the second factor."""
        response: HttpResponse = super().post_login(request, user, **facts)
        if getattr(request, TRUST_THIS_BROWSER, False):
            trust(request, user, response, now=timezone.now())
        return response

    def is_reauthentication_required(self, *, app: str, **facts: Any) -> bool:
        """Not soon after signing in, with the second factor for those who have one."""
        return not is_confirmed(context.request, now=timezone.now())

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Check the password. One that is hashed anew on the way, at today's cost, does not end this session."""
        right, before = bool(super().reauthenticate(user, password)), user.password
        user.refresh_from_db(fields=["password"])
        if right and user.password != before:
            context.request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        return right

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor confirms with it: the password alone would undo what it is for.

        One page takes the code and the passkey.
        """
        flows = {flow["id"] for flow in get_reauthentication_flows(user)}
        if "mfa_reauthenticate" in flows:
            return [{"id": "mfa_reauthenticate", "description": "", "url": reverse("mfa_reauthenticate")}]
        if "reauthenticate" in flows:
            return [{"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}]
        return []

    # --- e-mail ----------------------------------------------------------------------------------------------------
    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """The link was opened: the address is this person's, and whoever merely claimed it gives way."""
        if free_address(email=email_address.email, owner=email_address.user_id):
            return bool(super().confirm_email(request, email_address))
        self.add_message(request, messages.ERROR, "account/messages/email_confirmation_failed.txt")
        return False

    def respond_email_verification_sent(self, request: HttpRequest, user: Any) -> HttpResponse:
        """*Look into your mailbox*, naming the address that was typed and keeping where the person was going."""
        typed = request.POST.get("email") or request.POST.get("login", "")
        request.session[MAILED_TO] = typed.strip()[:254]
        return HttpResponseRedirect(with_next(reverse("account_email_verification_sent"), request))

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """After confirming: on to where sign-up began, through sign-in where this browser has no session."""
        request = context.request
        if request.user.is_authenticated:
            return str(settings.ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL)
        return reverse("account_login")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The mailed link, with ``next``: another browser knows nothing of this one's session."""
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.PUBLIC_URL}{with_next(path, request)}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The mailed link that sets a new password, and then leads to where sign-in was going.

        The page that asks for it carries that as ``then``: allauth would follow a ``next`` before mailing is said.
        """
        uid, _dash, token = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        onward = own_path(context.request.GET.get("then", ""))
        query = f"?{urlencode({'next': onward})}" if onward else ""
        return f"{settings.PUBLIC_URL}{path}{query}"

    def send_account_already_exists_mail(self, email: str) -> None:
        """Somebody signed up with an address that has an identity. The page answers as for a new one."""
        make_password("the time that hashing a new password takes")
        self.send_mail("account/email/account_already_exists", email, {})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write a mail now and send it after the commit. It knows the public address, never the Host header's.

        A mail server that is down or slow undoes nothing: the fault is logged, and signing in sends a new link.
        """
        facts = {"email": email, "public_url": settings.PUBLIC_URL} | context
        message = self.render_mail(template_prefix, email, facts)
        transaction.on_commit(message.send, robust=True)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """A security notice. allauth sends some on commit: after the request's transaction and its context."""
        with app_context(), context.request_context(self.request):
            super().send_notification_mail(*args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds: encrypted at rest, shown as a QR code that a strict CSP allows.

    Passkeys need no encryption: what is kept of them is public (``tenants.passkeys``).
    """

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": MESSAGES["incorrect_code"]}

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def build_totp_svg(self, url: str) -> SafeString:
        """The QR code as inline SVG without styles: one path of dark modules on a light ground."""
        code = qrcode.QRCode(border=3, error_correction=qrcode.ERROR_CORRECT_M)
        code.add_data(url)
        rows = code.get_matrix()
        size = len(rows)
        path = "".join(
            f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
        )
        return mark_safe(  # noqa: S308 - numbers and our own words only
            f'<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="QR code" shape-rendering="crispEdges">'
            f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
        )


def _invited(request: HttpRequest) -> str | None:
    """The address of the invitation whose link this browser has shown, while it can be accepted."""
    shown = request.session.get(INVITATION)
    return invited_address(shown, timezone.now()) if shown else None


def with_next(path: str, request: HttpRequest | None) -> str:
    """``path`` with the request's ``next``, when that is one of our own paths."""
    onward = get_next_redirect_url(request) if request else None
    return f"{path}?{urlencode({'next': onward})}" if onward else path
