"""Grant types: each gives a token."""

from django.conf import settings

from tests.oauth.world import ED, World, account, basic

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def authorization_code(it: World, value: str) -> None:
    assert it.facts(it.tokens(it.signed_in(ED))["access_token"])["active"] is True


def refresh_token(it: World, value: str) -> None:
    answer = it.refresh(it.tokens(it.signed_in(ED))["refresh_token"])
    assert it.facts(answer.json()["access_token"])["active"] is True


def client_credentials(it: World, value: str) -> None:
    client, secret, _ = account(it)
    form: dict[str, str | None] = {"grant_type": value, "resource": f"{settings.ISSUER}/api"}
    answer = it.post(form, **basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content


def token_exchange(it: World, value: str) -> None:
    client, secret, robot = account(it)
    token = it.tokens(it.signed_in(ED))["access_token"]
    asked = f"client_id={client.client_id}&resource={it.resource}"
    it.signed_in(ED).post(f"/account/connections/give/?{asked}", {"action": "allow", "scopes": ["read"]})
    form: dict[str, str | None] = {"grant_type": value, "subject_token": token}
    form |= {"subject_token_type": ACCESS_TOKEN, "resource": it.resource}
    answer = it.post(form, **basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content
    assert it.facts(answer.json()["access_token"])["act"] == {"sub": str(robot.pk)}
