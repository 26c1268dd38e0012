"""Protocol endpoints, for programs: what RFCs name, and what the public kit of resource servers asks."""

from django.urls import path

from oauth.api import introspect, register, resource_servers, revoke, token, wellknown
from oauth.api.client_logo import client_logo
from oauth.api.device import device_authorization
from oauth.api.jwks import jwks
from oauth.api.userinfo import userinfo
from oauth.views.authorize import authorize
from oauth.views.logout import confirm_sign_out, end_session

RESOURCE_SERVER = "authsec/resource-servers/<uuid:application_id>"

app_name = "protocol"
urlpatterns = [
    path(".well-known/oauth-authorization-server", wellknown.authorization_server, name="metadata"),
    path(".well-known/oauth-authorization-server/<path:path>", wellknown.authorization_server),
    path(".well-known/openid-configuration", wellknown.openid_provider, name="openid"),
    path(".well-known/openid-configuration/<path:path>", wellknown.openid_provider),
    path(".well-known/oauth-protected-resource/api", wellknown.management_api),
    path(
        "applications/<uuid:application_id>/protected-resource-metadata",
        wellknown.protected_resource,
        name="protected_resource",
    ),
    path("oauth/authorize", authorize, name="authorize"),
    path("oauth/logout", end_session, name="end_session"),
    path("oauth/logout/confirm", confirm_sign_out, name="confirm_sign_out"),
    path("oauth/token", token.token, name="token"),
    path("oauth/device_authorization", device_authorization, name="device_authorization"),
    path("oauth/revoke", revoke.revoke, name="revoke"),
    path("oauth/register", register.register, name="register"),
    path("oauth/register/<slug:client_id>", register.registration, name="registration"),
    path("oauth/introspect", introspect.introspect, name="introspect"),
    path("oauth/userinfo", userinfo, name="userinfo"),
    path("oauth/jwks", jwks, name="jwks"),
    path(f"{RESOURCE_SERVER}/sdk-policy", resource_servers.policy, name="sdk_policy"),
    path(f"{RESOURCE_SERVER}/sdk-manifest", resource_servers.manifest, name="sdk_manifest"),
    path("oauth/client-logos/<slug:digest>", client_logo, name="client_logo"),
]
