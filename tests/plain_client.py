"""An ordinary OAuth client and its user, in plain HTTP: forms posted by hand, no browser, no OAuth library."""

import base64
import hashlib
import itertools
import re
import secrets
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.forms import form_with
from tests.servers import Service, eventually

_addresses = itertools.count(1)
LINK = re.compile(r"https?://\S+")
REDIRECT_URI = "http://127.0.0.1:7/callback"


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636 §4)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Person:
    """Somebody with a cookie jar."""

    def __init__(self, service: Service) -> None:
        number = next(_addresses)
        self.service = service
        self.http = httpx.Client(
            base_url=service.base_url,
            timeout=60,
            trust_env=False,
            headers={"X-Forwarded-For": f"203.0.{113 + number // 250}.{1 + number % 250}"},
        )

    def __enter__(self) -> "Person":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.keep(self.http.cookies.get("authsec_session"))
        self.http.close()

    def get(self, url: str) -> httpx.Response:
        """Open a page, following redirects inside the product only."""
        answer = self.http.get(url)
        return self._follow(answer)

    def post(self, page: httpx.Response, field: str, **values: str | list[str]) -> httpx.Response:
        """Submit the form of ``page`` that has ``field``, with these values, and follow the product's redirects."""
        form = form_with(page.text, field)
        target = urljoin(str(page.url), form.action)
        return self._follow(self.http.post(target, data=form.filled(**values)))

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(10):
            location = answer.headers.get("location", "")
            target = urljoin(str(answer.url), location)
            if not location or not target.startswith(self.service.base_url + "/"):
                return answer
            answer = self.http.get(target)
        raise AssertionError(f"too many redirects, the last to {answer.url}")

    def sign_in(self, who: dict[str, Any]) -> "Person":
        page = self.post(self.get("/accounts/login/"), "login", login=who["email"], password=who["password"])
        if who.get("totp_secret"):
            page = self.post(page, "code", code=self.service.authenticator(who["totp_secret"]).next_code())
        assert page.status_code in (200, 403), page.text[:2000]  # some may open no page of their last tenant
        assert "authsec_session" in self.http.cookies
        return self

    def sign_up(self, email: str, password: str = "a long walk to the token") -> "Person":
        """Make an account and confirm its address by the mailed link."""
        self.service.keep(password)
        self.post(self.get("/accounts/signup/"), "password1", email=email, password1=password)
        link = mailed_link(self.service, email, containing="confirm")
        page = self.get(link)
        if page.status_code == 200 and "confirm-email" in str(page.url):
            self.post(page, "csrfmiddlewaretoken")
        return self

    def authorize(
        self, client: dict[str, Any], *, resource: str, scope: str | None = None, **more: str
    ) -> dict[str, str]:
        """Walk authorize and consent to the end: the redirect's parameters, with the verifier among them."""
        verifier, challenge = pkce()
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": client["redirect_uris"][0],
            "resource": resource,
            "state": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"scope": scope} if scope is not None else {}),
            **more,
        }
        page = self.get(str(httpx.URL("/oauth/authorize", params=query)))
        if page.status_code == 200:
            page = self.post(page, "action", action="allow")
        assert page.is_redirect, f"{page.status_code} {page.text[:2000]}"
        answer = {
            name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()
        }
        assert answer.get("state") == query["state"]
        self.service.keep(answer.get("code"), verifier)
        return answer | {"code_verifier": verifier}

    def token(
        self, client: dict[str, Any], *, resource: str, scope: str | None = None, **more: str
    ) -> dict[str, Any]:
        """The token answer of a whole authorization code grant."""
        got = self.authorize(client, resource=resource, scope=scope, **more)
        assert "code" in got, got
        answer = self.service.http.post(
            "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client["client_id"],
                "code": got["code"],
                "code_verifier": got["code_verifier"],
                "redirect_uri": client["redirect_uris"][0],
                "resource": resource,
            },
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        self.service.keep(body["access_token"], body.get("refresh_token"))
        return body


def demo_person(service: Service, key: str) -> Person:
    """A person of the demo, signed in once a run: an authenticator's code counts only once in half a minute."""
    if key not in service.people:
        person = service.closing.enter_context(Person(service))
        service.people[key] = person.sign_in(service.user(key))
    found: Person = service.people[key]
    return found


def newcomer(service: Service) -> tuple[Person, str]:
    """Somebody new, signed in and with a confirmed address; and that address."""
    email = f"new.{secrets.token_hex(5)}@walks.example"
    return service.closing.enter_context(Person(service)).sign_up(email), email


def mailed_link(service: Service, email: str, *, containing: str = "/") -> str:
    """The newest link that a mail brought to this address; polls until it is there."""

    def newest() -> str:
        links = [
            link.rstrip(".,)>")
            for text in service.mails_to(email)
            for link in LINK.findall(text)
            if containing in link
        ]
        return links[-1] if links else ""

    link = eventually(newest, what=f"a mail with a link to {email}")
    service.keep(urlsplit(link).path.strip("/").split("/")[-1])
    return link


def register(service: Service, name: str = "Plain client", **more: Any) -> dict[str, Any]:
    """A public client by dynamic registration (RFC 7591)."""
    number = next(_addresses)
    answer = service.http.post(
        "/oauth/register",
        json={
            "client_name": name,
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            **more,
        },
        headers={"X-Forwarded-For": f"192.0.2.{number % 250}"},
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    service.keep(body.get("client_secret"), body.get("registration_access_token"))
    return body
