"""The management API of Applications, service accounts and clients."""

from django.urls import path

from oauth.api import (
    applications,
    callers,
    client_policy,
    clients,
    credentials,
    end_users,
    explained,
    keys,
    logos,
    scopes,
    service_accounts,
    simulate,
    usage,
    verification,
)

APPLICATION = "uflow/v2/applications/<uuid:application_id>"
ACCOUNT = "uflow/v2/service-accounts/<uuid:account_id>"
CLIENT = "uflow/v2/clients/<uuid:client_pk>"
END_USER = "uflow/v2/tenants/<uuid:tenant_id>/end-users/<uuid:user_id>"

app_name = "oauth_api"
urlpatterns = [
    path("uflow/v2/applications", applications.Applications.as_view(), name="applications"),
    path(APPLICATION, applications.OneApplication.as_view(), name="application"),
    path(f"{APPLICATION}/logo", logos.ApplicationLogo.as_view(), name="application_logo"),
    path(f"{APPLICATION}/verify", verification.VerifyApplication.as_view(), name="verify_application"),
    path(f"{APPLICATION}/top-callers", callers.TopCallers.as_view(), name="top_callers"),
    path(f"{APPLICATION}/usage", usage.ApplicationUsage.as_view(), name="application_usage"),
    path(f"{APPLICATION}/scopes", scopes.ApplicationScopes.as_view(), name="application_scopes"),
    path(
        f"{APPLICATION}/credentials",
        credentials.ApplicationCredentials.as_view(),
        name="application_credentials",
    ),
    path(
        f"{APPLICATION}/credentials/<slug:credential_key>",
        credentials.OneCredential.as_view(),
        name="application_credential",
    ),
    path(
        f"{APPLICATION}/scopes/<path:scope_name>",
        scopes.OneApplicationScope.as_view(),
        name="application_scope",
    ),
    path(
        f"{APPLICATION}/rotate-secret",
        credentials.RotateApplicationSecret.as_view(),
        name="rotate_application_secret",
    ),
    path("uflow/v2/service-accounts", service_accounts.ServiceAccounts.as_view(), name="service_accounts"),
    path(ACCOUNT, service_accounts.OneServiceAccount.as_view(), name="service_account"),
    path(f"{ACCOUNT}/operators", service_accounts.Operators.as_view(), name="operators"),
    path(f"{ACCOUNT}/operators/<uuid:user_id>", service_accounts.OneOperator.as_view(), name="operator"),
    path(f"{ACCOUNT}/keys", keys.ServiceAccountKeys.as_view(), name="service_account_keys"),
    path(f"{ACCOUNT}/old-secret", service_accounts.OldSecret.as_view(), name="old_secret"),
    path(
        f"{ACCOUNT}/rotate-secret",
        service_accounts.RotateServiceAccountSecret.as_view(),
        name="rotate_service_account_secret",
    ),
    path("uflow/v2/explain-token", explained.ExplainToken.as_view(), name="explain_token"),
    path("uflow/v2/simulate", simulate.Simulate.as_view(), name="simulate"),
    path("uflow/v2/client-policy", client_policy.ClientPolicy.as_view(), name="client_policy"),
    path("uflow/v2/clients", clients.Clients.as_view(), name="clients"),
    path(CLIENT, clients.OneClient.as_view(), name="client"),
    path(f"{CLIENT}/approve", clients.ApproveClient.as_view(), name="approve_client"),
    path(f"{CLIENT}/deny", clients.DenyClient.as_view(), name="deny_client"),
    path(f"{CLIENT}/keys", keys.ClientKeys.as_view(), name="client_keys"),
    path(f"{CLIENT}/limits", clients.ClientLimits.as_view(), name="client_limits"),
    path(f"{CLIENT}/rotate-secret", clients.RotateClientSecret.as_view(), name="rotate_client_secret"),
    path(f"{END_USER}/revoke-tokens", end_users.RevokeTokens.as_view(), name="revoke_end_user_tokens"),
    path(f"{END_USER}/tokens", end_users.EndUserTokens.as_view(), name="end_user_tokens"),
    path(f"{END_USER}/tokens/<uuid:token_id>", end_users.OneEndUserToken.as_view(), name="end_user_token"),
    path(f"{END_USER}/connections", end_users.EndUserConnections.as_view(), name="end_user_connections"),
    path(
        f"{END_USER}/connections/<uuid:consent_id>",
        end_users.OneEndUserConnection.as_view(),
        name="end_user_connection",
    ),
    path(
        f"{END_USER}/revoke-connections",
        end_users.RevokeConnections.as_view(),
        name="revoke_end_user_connections",
    ),
]
