"""The main job: an unknown client, a person's consent, a token, its introspection."""

import pytest

from authsec.database.context import tenant_context
from endusers.models import EndUser
from oauth.models import Consent, Decision, Grant
from tenants.models import Profile, TenantUser
from tests.oauth.world import world

pytestmark = pytest.mark.django_db


def test_a_strangers_first_consent_gives_a_token_that_introspects() -> None:
    it = world()
    browser = it.signed_in("ed@consumer.example")
    answer = it.tokens(browser, scope="read write run")
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600
    assert set(answer["scope"].split()) == {"read", "write"}
    facts = it.facts(answer["access_token"])
    assert facts["active"] is True
    assert facts["aud"] == it.resource
    assert facts["client_name"] == "Claude Code"
    assert facts["username"] == "ed@consumer.example"
    assert facts["plan_tier"] == "free"
    with tenant_context(it.tenant.id):
        user = TenantUser.objects.get(pk=facts["sub"])
        assert EndUser.objects.filter(user=user).exists()
        assert Profile.objects.get(user=user).email == "ed@consumer.example"
        assert set(Consent.objects.get(user=user).scopes) == {"read", "write"}
        decision = Decision.objects.get(token_id=facts["jti"])
        assert set(decision.requested) == {"read", "write", "run"}
        assert set(decision.granted) == {"read", "write"}
        assert Grant.objects.get().consumed_at
