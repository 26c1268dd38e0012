"""Ways that a page shows: each of them opens for who sees it."""

import re
from html import unescape
from types import SimpleNamespace

import pytest
from django.utils import timezone

from authsec.database.context import tenant_context
from authz.models import Binding
from tests import cast

pytestmark = pytest.mark.django_db
HOME = "/t/acme-corp/"
AUTHZ = f"{HOME}authz/"


def test_no_link_ends_at_a_closed_door(acme: SimpleNamespace) -> None:
    """For who may read one kind of thing only, what is beside it is named without a way to it."""
    cast.bind(acme.tenant, acme.operator, acme.account, acme.deploy)
    seen = {
        "apps:read": f"{HOME}applications/{acme.github.id}/",
        "bindings:read": f"{AUTHZ}bindings/",
        "groups:read": f"{AUTHZ}groups/{acme.engineering.id}/",
        "roles:read": f"{AUTHZ}roles/{acme.writer.id}/",
        "service_accounts:read": f"{AUTHZ}service-accounts/{acme.account.id}/",
        "plan_tiers:read": f"{HOME}settings/plan-tiers/free/",
    }
    carl, olga = cast.signed_in(acme.carl), cast.signed_in(acme.olga)
    for permission, url in seen.items():
        with tenant_context(acme.id):
            Binding.objects.filter(user=acme.carl).update(ended_at=timezone.now())
        cast.bind(acme.tenant, cast.role(acme.tenant, permission, console=[permission]), acme.carl)
        page = carl.get(url)
        links = set(re.findall(r'href="(/t/[^"#]+)', page.text))
        assert [link for link in links if carl.get(unescape(link)).status_code == 403] == [], permission
        assert (
            len(set(re.findall(r'href="(/t/[^"#]+)', olga.get(url).text)) - links) > 5
        )  # they were there to hide


def test_an_address_that_cannot_be_read_leads_back_to_what_can(acme: SimpleNamespace) -> None:
    olga, bindings = cast.signed_in(acme.olga), f"{AUTHZ}bindings/"
    for query, left in (
        ("?state=gone&q=pr&cursor=old", "?q=pr"),  # another filter is another list, with other places
        ("?state=live&cursor=old", "?state=live"),
        ("?state=gone", ""),
    ):
        page = olga.get(bindings + query)
        way = re.findall(r'class="button primary" href="([^"]+)"', page.text)
        assert (page.status_code, way) == (400, [bindings + left])
        assert olga.get(way[0]).status_code == 200
