"""Protocol endpoints: what RFCs name, for programs."""

from django.urls import path

from oauth.api.jwks import jwks

app_name = "protocol"
urlpatterns = [
    path("oauth/jwks", jwks, name="jwks"),
]
