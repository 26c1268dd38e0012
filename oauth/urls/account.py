"""A person's own connections, mounted at /account/."""

from django.urls import path

from oauth.views import connections, delegation

app_name = "connections"
urlpatterns = [
    path("connections/", connections.own, name="own"),
    path("connections/give/", delegation.give, name="give"),
    path("connections/<uuid:consent_id>/withdraw/", connections.withdraw, name="withdraw"),
    path(
        "connections/clients/<uuid:client_id>/withdraw/", connections.withdraw_client, name="withdraw_client"
    ),
]
