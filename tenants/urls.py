"""Settings, under ``/t/<slug>/``."""

from django.urls import path

from tenants.views import settings, team

app_name = "tenants"
urlpatterns = [
    path("settings/", settings.general, name="general"),
    path("settings/team/", team.people, name="team"),
    path("settings/team/<uuid:member_id>/suspend/", team.suspend, name="suspend_member"),
    path("settings/team/<uuid:member_id>/reactivate/", team.reactivate, name="reactivate_member"),
    path("settings/team/<uuid:member_id>/type/", team.change_type, name="change_member_type"),
    path("settings/team/<uuid:member_id>/remove/", team.remove, name="remove_member"),
]
