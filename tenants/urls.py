"""Settings, under ``/t/<slug>/``."""

from django.urls import path

from tenants.views import closing, inviting, member, ownership, security, settings, team

app_name = "tenants"
urlpatterns = [
    path("settings/", settings.general, name="general"),
    path("settings/name/", settings.rename, name="rename"),
    path("settings/slug/", settings.change_slug, name="change_slug"),
    path("settings/transfer/", ownership.offer, name="offer_transfer"),
    path("settings/transfer/<uuid:transfer_id>/", ownership.answer, name="answer_transfer"),
    path("settings/transfer/<uuid:transfer_id>/cancel/", ownership.cancel, name="cancel_transfer"),
    path("settings/close/", closing.close, name="close"),
    path("settings/security/", security.security, name="security"),
    path("settings/security/second-factor/", security.require_second_factor, name="require_second_factor"),
    path(
        "settings/security/second-factor/release/",
        security.release_second_factor,
        name="release_second_factor",
    ),
    path("settings/team/", team.people, name="team"),
    path("settings/team/export/", team.export, name="export_team"),
    path("settings/team/invite/", inviting.invite, name="invite"),
    path("settings/team/invitations/<uuid:invitation_id>/resend/", inviting.resend, name="resend_invitation"),
    path("settings/team/invitations/<uuid:invitation_id>/revoke/", inviting.revoke, name="revoke_invitation"),
    path("settings/team/<uuid:member_id>/", member.member, name="member"),
    path("settings/team/<uuid:member_id>/suspend/", member.suspend, name="suspend_member"),
    path("settings/team/<uuid:member_id>/reactivate/", member.reactivate, name="reactivate_member"),
    path("settings/team/<uuid:member_id>/type/", member.change_type, name="change_member_type"),
    path("settings/team/<uuid:member_id>/remove/", member.remove, name="remove_member"),
]
