"""A person's capacities in all tenants, mounted at /account/."""

from django.urls import path

from endusers.views import capacities

urlpatterns = [path("tenants/", capacities.tenants, name="account_tenants")]
