"""Every setting of the portal, read from the environment; it starts with nothing set."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import django_stubs_ext
import environ
from celery.schedules import schedule
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal.keys import celery_broker_url, local_secrets, socket_path

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- Where things live -------------------------------------------------------------------------
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / ".var"))).resolve()
# Long error pages show secrets: only for those who ask for them.
DEBUG = env.bool("DEBUG", default=False)
PRODUCTION = not env.bool("DEBUG", default=not env.str("DATABASE_URL", default=""))
DEMO = env.bool("DEMO", default=False)

_local = {} if PRODUCTION else local_secrets(VAR_DIR)


def _required(name: str) -> str:
    """Return a secret from the environment; in development from the file made at first start."""
    value: str = env.str(name, default=_local.get(name, ""))
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment: see the settings table in README.md."
        )
    return value


SECRET_KEY = _required("SECRET_KEY")
FIELD_KEYS = [key.strip() for key in _required("FIELD_KEYS").split(",") if key.strip()]
WEBHOOK_KEY_SECRETS = [key.strip() for key in _required("WEBHOOK_KEY_SECRETS").split(",") if key.strip()]

# --- Addresses ---------------------------------------------------------------------------------
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="").rstrip("/")
PUBLIC_BASE_URL_ALIASES = [url.rstrip("/") for url in env.list("PUBLIC_BASE_URL_ALIASES", default=[])]
FALLBACK_BASE_URL = env.str("FALLBACK_BASE_URL", default="").rstrip("/")
LOCAL_BASE_URL = env.str("LOCAL_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
SANDBOX_URL = env.str("SANDBOX_URL", default="").rstrip("/")
TWILIO_API_BASE = env.str("TWILIO_API_BASE", default="").rstrip("/")

if PRODUCTION and not PUBLIC_BASE_URL:
    raise ImproperlyConfigured(
        "PUBLIC_BASE_URL is not set. Set it to the https address under which Twilio reaches this portal."
    )
if PRODUCTION and TWILIO_API_BASE:
    raise ImproperlyConfigured("TWILIO_API_BASE is for tests only. Remove it from the environment.")


def _check_base_url(name: str, url: str) -> None:
    """Refuse what Twilio could not call, or what its signatures could never fit."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        raise ImproperlyConfigured(f"{name} is no base address. Write it like https://portal.example.com")
    if "_" in parts.hostname:
        raise ImproperlyConfigured(
            f"The host of {name} has an underscore; Twilio refuses such callback addresses. Use another host name."
        )


for _name, _urls in {
    "PUBLIC_BASE_URL": [PUBLIC_BASE_URL],
    "PUBLIC_BASE_URL_ALIASES": PUBLIC_BASE_URL_ALIASES,
    "FALLBACK_BASE_URL": [FALLBACK_BASE_URL],
}.items():
    for _url in filter(None, _urls):
        _check_base_url(_name, _url)

HTTPS = PUBLIC_BASE_URL.startswith("https://")
# How many proxies of ours stand in front: that many addresses at the end of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=["*"]
    if not PRODUCTION
    else [h for h in (urlsplit(u).hostname for u in [PUBLIC_BASE_URL, *PUBLIC_BASE_URL_ALIASES]) if h],
)
CSRF_TRUSTED_ORIGINS = [url for url in [PUBLIC_BASE_URL, *PUBLIC_BASE_URL_ALIASES] if url]

# --- Applications ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "template_partials.apps.SimpleAppConfig",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "lucide",
    "rest_framework",
    "drf_spectacular",
    "portal",
    "tenants",
    "rules",
    "sms",
]

MIDDLEWARE = [
    "portal.webhook_path.WebhookPath",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.middleware.RequestIdentity",
    "tenants.middleware.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "tenants.middleware.ViewerTimeZone",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.portal",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "lucide.templatetags.lucide",
                "django.templatetags.i18n",
                "portal.templatetags.ui",
            ],
        },
    }
]

# --- Database ----------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(DATABASE_URL)
    if DATABASE_URL
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "portal.sqlite3")}
}
_database = DATABASES["default"]
_database.update(ATOMIC_REQUESTS=False, CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)
EMBEDDED = _database["ENGINE"].endswith("sqlite3")
if not EMBEDDED:
    if not _database["ENGINE"].endswith("postgresql"):
        raise ImproperlyConfigured("DATABASE_URL names a database that the portal does not know. Use postgres://…")
    # Django's own, with deadlines that hold also when the server is frozen.
    _database["ENGINE"] = "tenants.postgresql"
    # A server that does not answer must not hold a page for minutes.
    _database.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
if EMBEDDED:
    # Before 3.51.3 SQLite can corrupt a WAL database with two writers (sqlite.org/wal.html): older ones use TRUNCATE.
    import sqlite3

    _journal = "WAL" if sqlite3.sqlite_version_info >= (3, 51, 3) else "TRUNCATE"
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": f"PRAGMA journal_mode={_journal};PRAGMA synchronous=FULL;",
    }
    _database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker and cache --------------------------------------------------------------------------
KV_SOCKET = socket_path(VAR_DIR)
REDIS_URL = env.str("REDIS_URL", default="") or f"unix://{quote(str(KV_SOCKET))}"
if urlsplit(REDIS_URL).scheme not in ("unix", "redis", "rediss"):
    raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://. See the README's settings.")

# In the database: wrong passwords and used second-factor codes are counted by all web processes, broker or not.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE = True
CELERY_TASK_ACKS_ON_TIMEOUT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = (
    False  # killing a worker during a POST would make its outcome unknown
)
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Nobody gives workers orders by the broker, and the connection that would bring them is read without a time limit: one
# that falls silent in the middle of an answer would keep the worker from its queues for good.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_SOFT_TIME_LIMIT = 75
CELERY_TASK_TIME_LIMIT = 100  # above the total HTTP deadline of 35 s, below the lease of 180 s
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    "socket_keepalive": not REDIS_URL.startswith("unix://"),
    "health_check_interval": 20,
    "retry_on_timeout": True,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "maint"
CELERY_TASK_ROUTES = {
    "send.*": {"queue": "send"},
    "inbound.*": {"queue": "inbound"},
    "deliver.*": {"queue": "deliver"},
    "maint.*": {"queue": "maint"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_TIMEZONE = "UTC"

# --- Time --------------------------------------------------------------------------------------
TIME_SCALE = env.float("TIME_SCALE", default=1.0)
CLOCK_OFFSET_SECONDS = env.float("CLOCK_OFFSET_SECONDS", default=0.0)
if CLOCK_OFFSET_SECONDS and PRODUCTION and not DEMO:
    raise ImproperlyConfigured("CLOCK_OFFSET_SECONDS is for tests only. Remove it from the environment.")
# A database that is behind the file beside the portal was restored from a copy: it sends nothing by itself.
WATCH_RESTORES = env.bool("WATCH_RESTORES", default=True)
FAILPOINTS = env.str("FAILPOINTS", default="")
if FAILPOINTS and PRODUCTION and not DEMO:
    raise ImproperlyConfigured("FAILPOINTS is for tests only. Remove it from the environment.")
LEASE_SECONDS = 180 * TIME_SCALE
SWEEP_SECONDS = max(3 * TIME_SCALE, 0.25)
# All expire alike: in a queue that is behind, what expired sooner than the rest would never have its turn.
EXPIRES = {"expires": 30}
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "maint.sweep", "schedule": schedule(SWEEP_SECONDS), "options": EXPIRES},
    "lists": {"task": "maint.lists", "schedule": schedule(max(10 * TIME_SCALE, 0.5)), "options": EXPIRES},
    "connect": {"task": "maint.connect", "schedule": schedule(max(10 * TIME_SCALE, 0.5)), "options": EXPIRES},
    # The jobs themselves are hourly; one that needs longer than its slice of time goes on with the next tick.
    "housekeeping": {"task": "maint.housekeeping", "schedule": schedule(max(60 * TIME_SCALE, 0.5)), "options": EXPIRES},
}
# One through each queue: a worker that is alive and consumes nothing becomes visible.
CANARY_SECONDS = max(10 * TIME_SCALE, 0.5)
CELERY_BEAT_SCHEDULE |= {
    f"{queue}.canary": {"task": f"{queue}.canary", "schedule": schedule(CANARY_SECONDS), "options": EXPIRES}
    for queue in ("send", "inbound", "deliver", "maint")
}
if DEMO:
    CELERY_BEAT_SCHEDULE["demo"] = {"task": "maint.demo_text", "schedule": schedule(50), "options": {"expires": 30}}
USE_TZ = True
TIME_ZONE = "UTC"

# --- Sign-in -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "tenants.passwords.TenantPasswordLength"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "tenants.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {"login_failed": "8/300s/key,40/300s/ip", "reset_password": "10/h/ip,5/h/key"}
MFA_ADAPTER = "tenants.accounts.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "SMS Portal"
MFA_TOTP_TOLERANCE = 1  # phones and servers are some seconds apart
SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = env.bool("SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS", default=not DEMO)
MANAGE_IDLE_SECONDS = env.int("MANAGE_IDLE_SECONDS", default=1800)
MANAGE_REASON_REQUIRED = env.bool("MANAGE_REASON_REQUIRED", default=False)
INVITATION_DAYS = 7

# --- Cookies, headers --------------------------------------------------------------------------
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = f"{_prefix}csrf"
CSRF_COOKIE_HTTPONLY = False
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # leading people from http to https is the proxy's work: done here, one that hides it would loop
    "security.W021",  # whether a domain joins the browsers' preload list is its owner's decision
]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

# --- Mail --------------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "tenants.mail.FolderBackend"
EMAIL_TIMEOUT = 10
MAIL_IS_SET_UP = bool(EMAIL_URL)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="SMS Portal <portal@localhost>")

# --- Static files ------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(VAR_DIR / "collected"))
STATICFILES_DIRS = [BASE_DIR / "static", *([VAR_DIR / "static"] if (VAR_DIR / "static").is_dir() else [])]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
MEDIA_ROOT = VAR_DIR / "media"

# --- Language ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_I18N = True

# --- API ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api_auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api_auth.HasKey"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tenants.api_errors.problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SMS Portal",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- Sending -----------------------------------------------------------------------------------
SEND_IN_FLIGHT = env.int("SEND_IN_FLIGHT", default=100)
SEND_ROUND_SECONDS = 30.0
SEND_VALIDITY_SECONDS = env.int("SEND_VALIDITY_SECONDS", default=36_000)

# --- Webhooks ----------------------------------------------------------------------------------
WEBHOOK_OVERRIDES = "#ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- Logs --------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "portal.logs.CarefulFormatter", "fmt": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # The official client writes numbers and parameters at INFO.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "twilio": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
