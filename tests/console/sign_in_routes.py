"""The pages that allauth brings: some for anybody, some only after sign-in."""

FOR_ANYBODY: dict[str, str] = {
    "accounts/login/": "",
    "accounts/logout/": "",
    "accounts/inactive/": "",
    "accounts/signup/": "",
    "accounts/confirm-email/": "",
    "accounts/password/reset/": "",
    "accounts/password/reset/done/": "",
    "accounts/password/reset/key/done/": "",
    "accounts/login/code/confirm/": "",
    "accounts/2fa/authenticate/": "",
}
FOR_WHO_IS_IN = [
    "accounts/reauthenticate/",
    "accounts/email/",
    "accounts/password/change/",
    "accounts/password/set/",
    "accounts/2fa/",
    "accounts/2fa/reauthenticate/",
    "accounts/2fa/totp/activate/",
    "accounts/2fa/totp/deactivate/",
    "accounts/2fa/recovery-codes/",
    "accounts/2fa/recovery-codes/generate/",
    "accounts/2fa/recovery-codes/download/",
]
