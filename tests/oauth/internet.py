"""The outside in which clients publish their documents, for tests of what follows from them.

That what is fetched is fetched safely is shown against a real server, in test_document_fetch.py.
"""

import json
from collections.abc import Callable
from typing import Any

from oauth.outbound import fetch
from oauth.outbound.location import Location
from tests.oauth.world import REDIRECT_URI

URL = "https://client.example/oauth/client.json"
GOOD = {
    "client_id": URL,
    "client_name": "Claude",
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
    "client_uri": "https://client.example/",
    "logo_uri": "https://elsewhere.example/logo.png",
    "surprise": {"deep": [1]},
}


class Internet:
    """What the fetcher finds: a document for each URL, an exception, or nothing. Keeps what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {URL: GOOD}
        self.keep_s = 3600
        self.asked: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def fetch(self, location: Location, errand: fetch.Errand = fetch.DOCUMENT) -> fetch.Fetched:
        self.asked.append(location.url)
        self.before()
        page = self.pages.get(
            location.url, fetch.Unreachable("is at a host whose address could not be found")
        )
        if isinstance(page, Exception):
            raise page
        return fetch.Fetched(page if isinstance(page, bytes) else json.dumps(page).encode(), self.keep_s)
