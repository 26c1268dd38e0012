"""Every door of the house, by context."""

from django.urls import include, path

from authsec import views
from authsec.console import landing, reference, reopening
from tenants.account_urls import ceremonies
from tenants.views import invitation

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics, name="metrics"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("dev/mail/", views.mailbox, name="mailbox"),
    path("dev/mail/<str:name>", views.mail, name="mail"),
    path("accounts/passkeys/", include(ceremonies)),
    path("accounts/", include("allauth.urls")),
    path("account/", include("oauth.urls.account")),
    path("account/", include("oauth.urls.own_data")),
    path("account/", include("endusers.account_urls")),
    path("account/", include("tenants.account_urls")),
    path("device/", include("oauth.urls.device")),
    path("invitations/<str:token>/", invitation.invitation, name="invitation"),
    path("account/tenants/<uuid:tenant_id>/reopen/", reopening.reopen, name="reopen_tenant"),
    path("t/<slug:slug>/", landing.workspace, name="workspace"),
    path("t/<slug:slug>/start/", landing.start, name="start"),
    path("t/<slug:slug>/", include("endusers.urls")),
    path("t/<slug:slug>/", include("authz.urls")),
    path("t/<slug:slug>/", include("oauth.urls.console")),
    path("t/<slug:slug>/audit/", include("authsec.audit.urls")),
    path("t/<slug:slug>/jobs/", include("authsec.jobs.urls")),
    path("t/<slug:slug>/", include("tenants.urls")),
    path("api/schema", reference.schema, name="api_schema"),
    path("api/docs/", reference.docs, name="api_docs"),
    path("", include("tenants.api.urls")),
    path("", include("endusers.api.urls")),
    path("", include("authz.public_urls")),
    path("", include("authz.api.urls")),
    path("", include("oauth.urls.api")),
    path("", include("authsec.audit.api.urls")),
    path("", include("authsec.jobs.api.urls")),
    path("", include("oauth.urls.protocol")),
]

handler400 = "authsec.views.bad_request"
handler403 = "authsec.views.forbidden"
handler404 = "authsec.views.not_found"
handler429 = "authsec.views.too_many"  # allauth looks here
handler500 = "authsec.views.server_error"
