"""Which clients the tenant lets in without a word of its own, through the API."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, read_input
from authsec.web.problems import invalid
from oauth.api import client_schemas as schemas
from oauth.clients import policy as client_policy
from oauth.models import ClientPolicy as Row

TAGS = ["clients"]


class ClientPolicy(ApiView):
    """The tenant's policy on clients."""

    @requires("clients:read")
    @extend_schema(operation_id="get_client_policy", responses=schemas.ClientPolicy, tags=TAGS)
    def get(self, request: Request) -> Response:
        """The rules, one for clients known by a metadata document and one for those that registered themselves."""
        return Response(_item(client_policy.of_tenant(self.tenant_id)))

    @requires("clients:approve")
    @extend_schema(
        operation_id="set_client_policy",
        request=schemas.ClientPolicyInput,
        responses=schemas.ClientPolicy,
        tags=TAGS,
    )
    def put(self, request: Request) -> Response:
        """It counts at the next authorization. Connections that people have go on: deny a client to end them."""
        given = read_input(schemas.ClientPolicyInput, request)
        hosts: dict[str, None] = {}
        for index, text in enumerate(given.pop("allowed_hosts")):
            try:
                hosts[client_policy.read_host(text)] = None
            except client_policy.BadHost as bad:
                raise invalid(str(bad), {f"allowed_hosts.{index}": str(bad)}) from bad
        policy = client_policy.set_policy(
            tenant_id=self.tenant_id, actor=self.actor, now=timezone.now(), allowed_hosts=list(hosts), **given
        )
        return Response(_item(policy))


def _item(policy: Row) -> dict[str, object]:
    return {
        "metadata_policy": policy.metadata_policy,
        "registration_policy": policy.registration_policy,
        "allowed_hosts": policy.allowed_hosts,
    }
