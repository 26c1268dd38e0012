"""The console's pages and panels about clients, connections and credentials, inside ``/t/<slug>/``."""

from django.urls import path

from oauth.views import (
    account_credentials,
    address,
    calls,
    client,
    clients,
    connect,
    credentials,
    delegation,
    explained,
    keys,
    last_requests,
    launch,
    own_clients,
    people,
    person,
    usage,
    what_if,
)

APPLICATION = "applications/<uuid:application_id>/"
CREDENTIALS = f"{APPLICATION}credentials/"
ACCOUNT = "authz/service-accounts/<uuid:service_account_id>/credentials/"
CLIENT = "clients/<uuid:client_id>/"
PERSON = "users/<uuid:user_id>/"
END_USER = "end-users/<uuid:user_id>/"

app_name = "oauth"
urlpatterns = [
    path("authz/effective-access/what-if/", what_if.what_if_page, name="what_if"),
    path("authz/effective-access/what-if/all/", what_if.what_if_all, name="what_if_all"),
    path("clients/", clients.clients, name="clients"),
    path("clients/policy/", clients.policy, name="client_policy"),
    path("clients/new/", own_clients.new, name="client_new"),
    path(CLIENT, client.client, name="client"),
    path(f"{CLIENT}people/", client.people, name="client_people"),
    path(f"{CLIENT}limits/", client.limit, name="client_limit"),
    *(
        path(f"{CLIENT}{verb}/", client.decide, {"verb": verb}, name=f"client_{verb}")
        for verb in ("approve", "deny", "disable", "reactivate", "lift")
    ),
    path(f"{CLIENT}edit/", own_clients.edit, name="client_edit"),
    path(f"{CLIENT}rotate/", own_clients.rotate, name="client_rotate"),
    path(f"{CLIENT}remove/", own_clients.remove, name="client_remove"),
    path(f"{CLIENT}keys/", keys.set_client_keys, name="client_keys"),
    path(f"{CLIENT}keys/remove/", keys.remove_client_keys, name="client_keys_remove"),
    path("authz/effective-access/token/", explained.explain_token, name="explain_token"),
    path("authz/effective-access/requests/", last_requests.requests, name="last_requests"),
    path("settings/close/tokens/", people.closing_consequence, name="closing_consequence"),
    path(f"{PERSON}connections/", people.user_connections, name="user_connections"),
    path(
        f"{PERSON}connections/<uuid:consent_id>/revoke/", people.revoke_connection, name="revoke_connection"
    ),
    path(f"{PERSON}workloads/", delegation.user_delegations, name="user_delegations"),
    path(f"{PERSON}consequence/", people.user_consequence, name="user_consequence"),
    path(f"{PERSON}revoke/", people.user_revoke, name="user_revoke"),
    path(f"{END_USER}connections/", person.person_connections_tab, name="person_connections"),
    path(f"{END_USER}connections/withdraw/", person.withdraw_all, name="person_withdraw"),
    path(f"{END_USER}calls/", calls.person_calls, name="person_calls"),
    path(f"{END_USER}tokens/", person.person_tokens_tab, name="person_tokens"),
    path(f"{END_USER}tokens/revoke/", person.revoke_tokens, name="person_revoke_tokens"),
    path(f"{END_USER}tokens/<uuid:token_id>/revoke/", person.revoke_token, name="person_revoke_token"),
    path(f"{APPLICATION}address/", address.address, name="address"),
    path(f"{APPLICATION}address/verify/", address.verify, name="verify"),
    path(f"{APPLICATION}launch/", launch.launch_checklist, name="launch"),
    path(f"{APPLICATION}connect/", connect.connect, name="connect"),
    path(f"{APPLICATION}try/", launch.try_token, name="try"),
    path(f"{APPLICATION}usage/", usage.application_usage, name="usage"),
    path(f"{APPLICATION}usage/export/", usage.export, name="usage_export"),
    path(f"{APPLICATION}activity/", launch.activity, name="activity"),
    path(CREDENTIALS, credentials.application_credentials, name="application_credentials"),
    path(f"{CREDENTIALS}issue/", credentials.issue, name="credential_issue"),
    path(f"{CREDENTIALS}<uuid:credential_id>/end/", credentials.end, name="credential_end"),
    path(
        "authz/service-accounts/<uuid:service_account_id>/acts-for/",
        delegation.account_delegations,
        name="account_delegations",
    ),
    path("authz/service-accounts/new/", account_credentials.new, name="account_new"),
    path(ACCOUNT, account_credentials.panel, name="account_credentials"),
    path(f"{ACCOUNT}keys/", keys.set_account_keys, name="account_keys"),
    path(f"{ACCOUNT}keys/remove/", keys.remove_account_keys, name="account_keys_remove"),
    path(f"{ACCOUNT}rotate/", account_credentials.rotate, name="account_rotate"),
    path(f"{ACCOUNT}old/end/", account_credentials.end_old, name="account_old_end"),
    path(f"{ACCOUNT}consequence/", account_credentials.consequence, name="account_consequence"),
]
