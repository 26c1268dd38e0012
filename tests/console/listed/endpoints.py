"""Addresses: each is spoken to where it is listed."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.test import Client as Browser

from tests.oauth.world import ED, REDIRECT_URI, World, basic


def path(url: str) -> str:
    """The path of a listed address, which must be the issuer's own."""
    assert url.startswith(f"{settings.ISSUER}/"), url
    return urlsplit(url).path


def send(address: str, form: dict[str, str], **headers: str) -> Any:
    """A form, encoded as OAuth wants it (RFC 6749 appendix B)."""
    encoded = "application/x-www-form-urlencoded"
    return Browser().post(address, urlencode(form), content_type=encoded, headers=headers)


def issuer(it: World, url: str) -> None:
    """RFC 8414 §3.3, OpenID Connect Discovery §4.3: the document is below the issuer that it names."""
    for name in ("oauth-authorization-server", "openid-configuration"):
        assert Browser().get(f"/.well-known/{name}").json()["issuer"] == url == settings.ISSUER


def authorization_endpoint(it: World, url: str) -> None:
    query = it.query()[0].partition("?")[2]
    assert it.signed_in(ED).get(f"{path(url)}?{query}").status_code == 200


def token_endpoint(it: World, url: str) -> None:
    code, verifier = it.consent(it.signed_in(ED))
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    form |= {"client_id": it.client.client_id, "redirect_uri": REDIRECT_URI}
    assert send(path(url), form).json()["access_token"]


def introspection_endpoint(it: World, url: str) -> None:
    token = it.tokens(it.signed_in(ED))["access_token"]
    told = send(path(url), {"token": token}, **basic(*it.credential))
    assert told.json()["active"] is True


def revocation_endpoint(it: World, url: str) -> None:
    token = it.tokens(it.signed_in(ED))["access_token"]
    form = {"token": token, "client_id": it.client.client_id}
    assert send(path(url), form).status_code == 200
    assert it.facts(token) == {"active": False}


def jwks_uri(it: World, url: str) -> None:
    assert {key["alg"] for key in Browser().get(path(url)).json()["keys"]} == {"ES256", "RS256"}


def registration_endpoint(it: World, url: str) -> None:
    document = {"redirect_uris": [REDIRECT_URI]}
    answer = Browser().post(path(url), document, content_type="application/json")
    assert answer.status_code == 201


def userinfo_endpoint(it: World, url: str) -> None:
    token = it.tokens(it.signed_in(ED), scope="openid read")["access_token"]
    answer = Browser().get(path(url), headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["sub"] == it.facts(token)["sub"]


def end_session_endpoint(it: World, url: str) -> None:
    browser = it.signed_in(ED)
    token = it.tokens(browser, scope="openid read")["id_token"]
    assert "You are signed out" in browser.get(path(url), {"id_token_hint": token}).content.decode()
    assert browser.get("/account/").status_code == 302


def page(it: World, url: str) -> None:
    assert Browser().get(path(url)).status_code == 200
