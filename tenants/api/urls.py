"""The management API of tenants and of the bearer."""

from django.urls import path

from tenants.api.me import Me, MyMemberships

app_name = "tenants_api"
urlpatterns = [
    path("api/me", Me.as_view(), name="me"),
    path("api/me/memberships", MyMemberships.as_view(), name="my_memberships"),
]
