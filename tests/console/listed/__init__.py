"""What shows that something which a discovery document lists really works.

:data:`MEMBERS` has an exercise for each member, or one for each value that a member may list. An exercise takes a
world and the value, and asserts; whoever lists something new adds a line here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from oauth.exchange import DEVICE_CODE, TOKEN_EXCHANGE
from tests.console.listed import endpoints, grants, openid, proofs, requests, signing_out

Exercise = Callable[[Any, Any], object]
MEMBERS: dict[str, Exercise | Mapping[str, Exercise]] = {
    # RFC 8414 §2
    "issuer": endpoints.issuer,
    "authorization_endpoint": endpoints.authorization_endpoint,
    "token_endpoint": endpoints.token_endpoint,
    "introspection_endpoint": endpoints.introspection_endpoint,
    "revocation_endpoint": endpoints.revocation_endpoint,
    "registration_endpoint": endpoints.registration_endpoint,
    "device_authorization_endpoint": grants.device_asks,
    "jwks_uri": endpoints.jwks_uri,
    "service_documentation": endpoints.page,
    "response_types_supported": {"code": requests.response_type},
    "response_modes_supported": {"query": requests.response_mode},
    "code_challenge_methods_supported": {"S256": requests.challenge_method},
    "grant_types_supported": {
        "authorization_code": grants.authorization_code,
        "refresh_token": grants.refresh_token,
        "client_credentials": grants.client_credentials,
        TOKEN_EXCHANGE: grants.token_exchange,
        DEVICE_CODE: grants.device_code,
    },
    "token_endpoint_auth_methods_supported": proofs.proves,
    "token_endpoint_auth_signing_alg_values_supported": proofs.proves_by,
    "revocation_endpoint_auth_methods_supported": proofs.proves,
    "revocation_endpoint_auth_signing_alg_values_supported": proofs.proves_by,
    "introspection_endpoint_auth_methods_supported": {"client_secret_basic": proofs.resource_proves},
    # RFC 9207 §3, RFC 8707, Client ID Metadata Documents §5
    "authorization_response_iss_parameter_supported": requests.names_its_issuer,
    "resource_indicators_supported": requests.takes_resource,
    "client_id_metadata_document_supported": requests.takes_documents,
    # OpenID Connect RP-Initiated Logout §2.1, Back-Channel Logout §2.1
    "end_session_endpoint": endpoints.end_session_endpoint,
    "backchannel_logout_supported": signing_out.told,
    "backchannel_logout_session_supported": signing_out.told_which,
    # OpenID Connect Discovery §3
    "userinfo_endpoint": endpoints.userinfo_endpoint,
    "scopes_supported": openid.scope,
    "subject_types_supported": openid.subject_type,
    "id_token_signing_alg_values_supported": openid.signature,
    "acr_values_supported": openid.acr,
    "claim_types_supported": openid.claim_type,
    "claims_supported": openid.claim,
    "claims_parameter_supported": openid.ignores_claims,
    "request_parameter_supported": partial(requests.refuses_request_objects, name="request"),
    "request_uri_parameter_supported": partial(requests.refuses_request_objects, name="request_uri"),
    "prompt_values_supported": {
        "none": requests.prompt_none,
        "login": requests.prompt_login,
        "consent": requests.prompt_consent,
        "select_account": requests.prompt_select_account,
    },
}
