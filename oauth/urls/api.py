"""The management API of Applications, service accounts and clients."""

from django.urls import path

from oauth.api import applications, clients, service_accounts

APPLICATION = "uflow/v2/applications/<uuid:application_id>"
ACCOUNT = "uflow/v2/service-accounts/<uuid:account_id>"
CLIENT = "uflow/v2/clients/<uuid:client_pk>"

app_name = "oauth_api"
urlpatterns = [
    path("uflow/v2/applications", applications.Applications.as_view(), name="applications"),
    path(APPLICATION, applications.OneApplication.as_view(), name="application"),
    path(f"{APPLICATION}/scopes", applications.ApplicationScopes.as_view(), name="application_scopes"),
    path(
        f"{APPLICATION}/credentials",
        applications.ApplicationCredentials.as_view(),
        name="application_credentials",
    ),
    path(
        f"{APPLICATION}/rotate-secret",
        applications.RotateApplicationSecret.as_view(),
        name="rotate_application_secret",
    ),
    path("uflow/v2/service-accounts", service_accounts.ServiceAccounts.as_view(), name="service_accounts"),
    path(ACCOUNT, service_accounts.OneServiceAccount.as_view(), name="service_account"),
    path(f"{ACCOUNT}/operators", service_accounts.Operators.as_view(), name="operators"),
    path(f"{ACCOUNT}/operators/<uuid:user_id>", service_accounts.OneOperator.as_view(), name="operator"),
    path(
        f"{ACCOUNT}/rotate-secret",
        service_accounts.RotateServiceAccountSecret.as_view(),
        name="rotate_service_account_secret",
    ),
    path("uflow/v2/clients", clients.Clients.as_view(), name="clients"),
    path(CLIENT, clients.OneClient.as_view(), name="client"),
    path(f"{CLIENT}/approve", clients.ApproveClient.as_view(), name="approve_client"),
    path(f"{CLIENT}/deny", clients.DenyClient.as_view(), name="deny_client"),
]
