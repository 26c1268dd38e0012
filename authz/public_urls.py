"""What an Application shows to everybody, mounted at the root."""

from django.urls import path

from authz.views import logo

app_name = "public"
urlpatterns = [
    path(
        "applications/<uuid:application_id>/logo/<slug:digest>.png",
        logo.application_logo,
        name="application_logo",
    ),
]
