"""Clients, codes, tokens, consents and keys: django-oauth-toolkit's six models swapped, and our own beside them."""

from oauth.models.activity import CallCount, IntrospectionCount
from oauth.models.client import Client, ClientApproval, ClientLimit, ClientLogo, ClientPolicy
from oauth.models.client_session import ClientSession
from oauth.models.consent import Consent, Decision
from oauth.models.credential import ResourceCredential, SigningKey, UsedAssertion
from oauth.models.export import DataExport
from oauth.models.token import AccessToken, DeviceGrant, Grant, IDToken, Issued, RefreshToken

__all__ = [
    "AccessToken",
    "CallCount",
    "Client",
    "ClientApproval",
    "ClientLimit",
    "ClientLogo",
    "ClientPolicy",
    "ClientSession",
    "Consent",
    "DataExport",
    "Decision",
    "DeviceGrant",
    "Grant",
    "IDToken",
    "IntrospectionCount",
    "Issued",
    "RefreshToken",
    "ResourceCredential",
    "SigningKey",
    "UsedAssertion",
]
