"""One settings file, from the environment, with safe defaults. The names are listed in docs/deploy.md."""

from pathlib import Path

import environ

from authsec import logs
from authsec.database import embedded
from authsec.environment import Environment
from oauth.toolkit import SWITCHES

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

AUTHSEC_ENV = env.one_of("AUTHSEC_ENV", "development", "production")
DEVELOPMENT = AUTHSEC_ENV == "development"
DEBUG = False
VAR = Path(env.str("AUTHSEC_VAR", default=str(BASE_DIR / "var")))

# --- Who we are -----------------------------------------------------------------------------------------------------
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}" if DEVELOPMENT else "").rstrip("/")
ISSUER = PUBLIC_URL  # a bare origin: RFC 8414 §2, byte-identical wherever it is named
API_RESOURCE = f"{ISSUER}/api"
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["*"] if DEVELOPMENT else [PUBLIC_URL.partition("://")[2].partition(":")[0]]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

# --- Secrets --------------------------------------------------------------------------------------------------------
from authsec.secrets import development_secret  # noqa: E402

SECRET_KEY = env.str("SECRET_KEY", default=development_secret(VAR, "secret-key") if DEVELOPMENT else "")
# Encryption at rest: the first key encrypts, all of them decrypt. 32 random bytes each, url-safe base64.
AUTHSEC_KEYS = env.list(
    "AUTHSEC_KEYS", default=[development_secret(VAR, "encryption-key")] if DEVELOPMENT else []
)

# --- Switches of the installation -------------------------------------------------------------------------------------
SIGNUP = env.one_of("SIGNUP", "open", "invited")
INVITATIONS_PER_HOUR = 100  # mails that one tenant may cause
CLIENT_REGISTRATION = env.bool("CLIENT_REGISTRATION", default=DEVELOPMENT)
CLIENT_DOCUMENTS = env.bool("CLIENT_DOCUMENTS", default=True)  # clients known by a document at their address
# Addresses of this computer, which production never asks: documents, keys, logos, notices of sign-out.
OUTBOUND_LOOPBACK = DEVELOPMENT and env.bool("OUTBOUND_LOOPBACK", default=False)
DNS_SERVERS = env.list(
    "DNS_SERVERS", default=[]
)  # host:port that TXT records are asked of; empty: the system's
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])  # networks whose X-Forwarded-For counts
# The client knows the protocol by its elder name.
VALKEY_URL = (
    env.str("VALKEY_URL", default="").replace("valkey://", "redis://").replace("valkeys://", "rediss://")
)
# Requests to the management API of one client for one subject, as "3000/minute"; empty: as many as they like.
API_RATE_LIMIT = env.str("API_RATE_LIMIT", default="3000/minute")
METRICS_TOKEN = env.str(
    "METRICS_TOKEN", default=""
)  # who reads /metrics; without one nobody but loopback in development

# --- Rooms ------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "authsec.database",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "oauth2_provider",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "authsec.web",
    "authsec.jobs",
    "authsec.audit",
    "tenants",
    "endusers",
    "authz",
    "oauth",
    "authsec.console",
]

MIDDLEWARE = [
    "authsec.console.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "authsec.console.middleware.ClientAddressMiddleware",
    "csp.middleware.CSPMiddleware",
    # Before the transaction: it may wait for a stranger's server.
    "oauth.middleware.ClientDocumentMiddleware",
    "oauth.middleware.ClientKeysMiddleware",
    "oauth.middleware.ErrandMiddleware",
    # From here on everything that reads or writes does so inside one transaction.
    "tenants.middleware.TransactionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "authsec.sessions.SessionUseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.TenantMiddleware",
    "authsec.console.middleware.MarkMiddleware",
    "tenants.account_pages.AccountPageMiddleware",
]

ROOT_URLCONF = "authsec.urls"
WSGI_APPLICATION = "authsec.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "authsec.console.nav.navigation",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- Database ---------------------------------------------------------------------------------------------------------
# DATABASE_OWNER_URL migrates, DATABASE_URL serves, DATABASE_DIRECT_URL goes past a pooler.
DATABASE_URL = env.database_url("DATABASE_URL", embedded.url())
DATABASE_OWNER_URL = env.database_url("DATABASE_OWNER_URL", DATABASE_URL)
DATABASE_DIRECT_URL = env.database_url("DATABASE_DIRECT_URL", DATABASE_URL)
DATABASES = {
    "default": {
        **environ.Env.db_url_config(DATABASE_URL),
        "ENGINE": "authsec.database.backend",
        # Off on purpose: it opens after middleware, where SET LOCAL would be lost. tenants.middleware owns it.
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache: counters of sign-in limits; shared by all workers and nodes -----------------------------------------------
HASHED_KEYS = "authsec.secrets.cache_key"  # allauth's keys name accounts, addresses and used codes
IN_DATABASE = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "authsec_cache",
    "KEY_FUNCTION": HASHED_KEYS,
    # The default of 300 would let a flood of new counters push a lockout out.
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
IN_VALKEY = {
    "BACKEND": "authsec.limiting.valkey_cache.ValkeyCache",
    "LOCATION": VALKEY_URL,
    "KEY_FUNCTION": HASHED_KEYS,
}
CACHES = {"default": IN_VALKEY if VALKEY_URL else IN_DATABASE, "database": IN_DATABASE}

# --- Sign-in ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.Identity"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "authsec.secrets.FastHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 3_600  # seconds that a reset link lives

ACCOUNT_ADAPTER = "tenants.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "tenants.account_forms.SignInForm",
    "signup": "tenants.account_forms.SignUpForm",
    "add_email": "tenants.account_forms.ChangeEmailForm",
    "change_password": "tenants.account_forms.ChangePasswordForm",
    "set_password": "tenants.account_forms.SetPasswordForm",
    "reset_password": "tenants.account_forms.ResetPasswordForm",
    "reset_password_from_key": "tenants.account_forms.NewPasswordForm",
    "reauthenticate": "tenants.account_forms.ConfirmPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
# Only in the browser that signed up, where the password was typed; any other one is asked to sign in.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "/account/"
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one replaces it once confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# How long a sign-in or a confirmation opens what a stolen session must not do.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("REAUTHENTICATION_SECONDS", default=900)
ACCOUNT_SESSION_REMEMBER = None  # the person says
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
# By address (ip) and by account (key, user). A refused try is not counted again, so that a lock ends by itself.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "30/m/ip,300/h/ip,5/5m/key",
    "signup": "60/m/ip",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/m/key",
    "passkey": "120/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
}
MFA_ADAPTER = "tenants.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "tenants.account_forms.SecondFactorForm",
    "authenticate_webauthn": "tenants.passkey_forms.SecondFactorAnswerForm",
    "reauthenticate": "tenants.account_forms.ConfirmSecondFactorForm",
    "activate_totp": "tenants.account_forms.EnrolAuthenticatorForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]  # passkeys have pages of our own: tenants/views/passkeys.py
MFA_TOTP_ISSUER = "AuthSec"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a clock may be off (RFC 6238 §5.2)
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Nobody signs in by an address that is not confirmed, so a pending change need not wait for the second factor to go.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TRUST_COOKIE_NAME = "authsec_trusted"  # both for tenants.trusted_browsers; allauth's own trust stays off
MFA_TRUST_COOKIE_AGE = 30 * 86_400

# --- Sessions and cookies ---------------------------------------------------------------------------------------------
SESSION_ENGINE = "authsec.sessions"
SESSION_COOKIE_NAME = "authsec_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# A session ends when it was not used for so long (with *Keep me signed in* ticked; 0: never offered), and at last.
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=12 * 3_600)
SESSION_REMEMBERED_SECONDS = env.int("SESSION_REMEMBERED_SECONDS", default=14 * 86_400)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", default=30 * 86_400)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # unless *Keep me signed in* is ticked
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "authsec.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Wire security ----------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_URL.startswith("https://") else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SECURE_SSL_REDIRECT = False  # the load balancer's work; the health endpoints answer on http
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = ["authsec.web.uploads.SmallUploads"]

from csp.constants import NONCE, NONE, SELF  # noqa: E402

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- How many days history is kept; 0: for ever (oauth/retention.py) --------------------------------------------------
KEEP_HISTORY_DAYS = env.int("KEEP_HISTORY_DAYS", default=0)
KEEP_DECISIONS_DAYS = env.int("KEEP_DECISIONS_DAYS", default=400)
KEEP_EVENTS_DAYS = env.int("KEEP_EVENTS_DAYS", default=0)

# --- Mail -------------------------------------------------------------------------------------------------------------
if mail := env.mail("EMAIL_URL"):
    vars().update(mail)
else:
    EMAIL_BACKEND = "authsec.outbox.OutboxBackend"
EMAIL_TIMEOUT = 10  # seconds: a slow mail server must not hold a worker for long
EMAIL_FILE_PATH = VAR / "outbox"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="AuthSec <no-reply@authsec.example>")

# --- Static files, language, time -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = None if DEVELOPMENT else VAR / "static"  # where collectstatic puts them in production
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Jobs: contexts register their kinds in <app>/jobs.py; the worker alone imports what does them --------------------
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS = ["authsec.jobs.runner", "authsec.console.schedule", "oauth.logout_token"]

# --- Management API ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["authsec.console.drf.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["authsec.console.drf.MarkPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["authsec.web.parsers.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "authsec.console.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "authsec.console.refusals.problem_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AuthSec management API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Who may do what in a tenant: end users, groups, roles, bindings and effective access.",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": ISSUER}],
    "SCHEMA_PATH_PREFIX": "/(api|uflow/v2)",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "EndUserStatus": "endusers.models.EndUser.Status",
        "MembershipStatus": "tenants.models.Membership.Status",
        "MemberType": "tenants.models.MemberType",
        "BearerType": "tenants.api.schemas.BEARER_TYPES",
        "InvitationState": "tenants.models.Invitation.State",
        "MembershipSource": "tenants.models.Membership.Source",
        "ApplicationStatus": "authz.models.Application.Status",
        "ApplicationKind": "authz.models.Application.Kind",
        "GroupMemberSource": "authz.models.GroupMember.Source",
        "AccessSource": ["direct", "group", "service-account", "plan"],
        "SubjectKind": ["user", "service_account"],
        "AccessChangeKind": ["gained", "lost", "changed"],
        "ClientStatus": "oauth.clients.policy.ClientStatus",
        "ClientOrigin": "oauth.clients.known.Origin",
        "ClientRule": "oauth.models.ClientPolicy.Policy",
        "ClientAuthMethod": "oauth.models.Client.AuthMethod",
    },
}

# --- OAuth ------------------------------------------------------------------------------------------------------------
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth.IDToken"  # noqa: S105
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth.DeviceGrant"
ACCESS_TOKEN_SECONDS = 600
REFRESH_TOKEN_SECONDS = 30 * 86_400  # slides with each use
REFRESH_FAMILY_SECONDS = 90 * 86_400  # the end, however often it is used
AUTHORIZATION_CODE_SECONDS = 60
OAUTH2_PROVIDER = SWITCHES | {
    "ACCESS_TOKEN_EXPIRE_SECONDS": ACCESS_TOKEN_SECONDS,
    "REFRESH_TOKEN_EXPIRE_SECONDS": REFRESH_TOKEN_SECONDS,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": AUTHORIZATION_CODE_SECONDS,
    "OIDC_ISS_ENDPOINT": ISSUER,
}

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # redirecting http to https is the load balancer's work; its health probes speak http
    "oauth2_provider.W008",  # loopback redirects of native apps are http (RFC 8252 §7.3); clients.py allows no other
]

LOGGING = logs.configuration(level=env.str("LOG_LEVEL", default="WARNING"))
