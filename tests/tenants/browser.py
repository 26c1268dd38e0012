"""One person's browser, over Django's test client: cookies, forms and the mails that came."""

import re
import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client, TestCase

from authsec import outbox

PASSWORD = "correct horse battery"


class Browser(Client):
    """A test client that signs up and in through the real pages. Each has cookies of its own.

    A test's transaction is never committed: what a request does on commit (sending mail) is done at its end.
    """

    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return super().request(**request)

    def sign_up(self, email: str, password: str = PASSWORD, **fields: str) -> Any:
        return self.post("/accounts/signup/", {"email": email, "password1": password, **fields})

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> Any:
        return self.post("/accounts/login/", {"login": email, "password": password, **fields})

    def enter_code(self, code: str, **fields: str) -> Any:
        return self.post("/accounts/2fa/authenticate/", {"code": code, **fields})

    def join(self, email: str, password: str = PASSWORD) -> "Browser":
        """Sign up and open the mailed link, here."""
        self.sign_up(email, password)
        self.post(link_to(email))
        return self

    def enrol(self) -> tuple[str, list[str]]:
        """Set up an authenticator app; returns its secret and the recovery codes."""
        self.get("/accounts/2fa/totp/activate/")
        secret = self.session["mfa.totp.secret"]
        answer = self.post("/accounts/2fa/totp/activate/", {"code": totp(secret)})
        assert answer.status_code == 302, answer.content
        shown = self.get(answer["Location"]).content.decode()
        return secret, re.findall(r"<li><code>(\d{8})</code></li>", shown)

    @property
    def is_signed_in(self) -> bool:
        return self.get("/account/").status_code == 200


def totp(secret: str, step: int = 0) -> str:
    """The authenticator's code now, or the one of the next 30 seconds (1): both still count if these end meanwhile."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def mails(to: str) -> list[outbox.Mail]:
    """What was mailed to an address, newest first."""
    return [mail for mail in outbox.messages() if mail.to == to]


def link_to(email: str) -> str:
    """The path of the link in the newest mail to an address."""
    return mails(email)[0].links[0].removeprefix("http://localhost:8000")
