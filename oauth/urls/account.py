"""A person's own connections, mounted at /account/."""

from django.urls import path

from oauth.views import connections

app_name = "connections"
urlpatterns = [
    path("connections/", connections.own, name="own"),
    path("connections/<uuid:consent_id>/withdraw/", connections.withdraw, name="withdraw"),
]
