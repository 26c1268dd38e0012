"""The person's own pages, mounted at /account/."""

from django.urls import path

from tenants.views import account, activity, leaving, links, opening, passkeys, sessions

# Beside allauth's own names, account_login and so on.
urlpatterns = [
    path("", account.home, name="account_home"),
    path("name/", account.name, name="account_name"),
    path("tenants/new/", opening.new_tenant, name="new_tenant"),
    path("tenants/<uuid:tenant_id>/leave/", leaving.leave, name="leave_tenant"),
    path("links/", links.links, name="account_links"),
    path("step-up/", account.step_up, name="stepup"),
    path("step-up/done/", account.step_up_done, name="stepup_done"),
    path("second-factor/", account.second_factor, name="account_second_factor"),
    path("confirmed/", account.confirmed, name="account_confirmed"),
    path("passkeys/", passkeys.passkeys, name="account_passkeys"),
    path("passkeys/add/", passkeys.add, name="account_add_passkey"),
    path("passkeys/<int:passkey_id>/name/", passkeys.name, name="name_passkey"),
    path("passkeys/<int:passkey_id>/remove/", passkeys.remove, name="remove_passkey"),
    path("trusted-browser/forget/", sessions.forget_browser, name="account_forget_browser"),
    path("trusted-browser/<uuid:browser_id>/forget/", sessions.forget_one, name="account_forget_one_browser"),
    path("activity/", activity.activity, name="account_activity"),
    path("sessions/", sessions.sessions, name="account_sessions"),
    path("sessions/end-others/", sessions.end_others, name="account_end_other_sessions"),
    path("sessions/<uuid:sid>/end/", sessions.end, name="account_end_session"),
]

# Beside allauth's, where refusals are written down: an answer that was wrong is used up too.
ceremonies = [
    path("options/<slug:purpose>/", passkeys.options, name="passkey_options"),
    path("sign-in/", passkeys.sign_in, name="passkey_sign_in"),
    path("confirm/", passkeys.confirm, name="passkey_confirm"),
]
