"""Every setting of the project, read from the environment (see docs/running.md)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import environ
import structlog
from corsheaders.defaults import default_headers
from django.templatetags.static import static
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "if-match"]
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "Idempotent-Replayed"]
DATA_DIR = Path(env.str("MAILWRIGHT_DATA_DIR", default=str(BASE_DIR / ".data")))

# Mailwright's own settings. `campaigns/conf.py` and `sending/conf.py` are their only readers.
MAILWRIGHT: dict[str, Any] = {
    # Where tracking, unsubscribe and preference links point when a sending domain names no host.
    "PUBLIC_URL": env.str("MAILWRIGHT_PUBLIC_URL", default="http://127.0.0.1:8000"),
    # "id:secret" pairs; the first signs, all are accepted, so that a key can be rotated.
    "TOKEN_KEYS": env.list("MAILWRIGHT_TOKEN_KEYS", default=[]),
    # Networks that outgoing webhooks may reach although they are not public, such as 127.0.0.0/8.
    "OUTGOING_NETWORKS": env.list("MAILWRIGHT_OUTGOING_NETWORKS", default=[]),
    # Workers that may wait for the servers of outgoing webhooks at the same time.
    "WEBHOOK_RUNNERS": env.int("MAILWRIGHT_WEBHOOK_RUNNERS", default=1),
    "JOURNAL_DIR": Path(env.str("MAILWRIGHT_JOURNAL_DIR", default=str(DATA_DIR / "journal"))),
    "IMPORT_DIR": Path(env.str("MAILWRIGHT_IMPORT_DIR", default=str(DATA_DIR / "imports"))),
    "EXPORT_DIR": Path(env.str("MAILWRIGHT_EXPORT_DIR", default=str(DATA_DIR / "exports"))),
    # Messages one claim takes, and seconds until another worker may take over what it left.
    "BATCH_SIZE": env.int("MAILWRIGHT_BATCH_SIZE", default=500),
    "LEASE_SECONDS": env.int("MAILWRIGHT_LEASE_SECONDS", default=600),
    # Seconds one send task works before it hands its place to the next.
    "TASK_SECONDS": env.int("MAILWRIGHT_TASK_SECONDS", default=50),
    # Nameservers that mail domains are looked up with; none stands for those of the system.
    "DNS_SERVERS": env.list("MAILWRIGHT_DNS_SERVERS", default=[]),
    # Days that reports are kept as they came in: what is recorded, and what could not be.
    "INBOX_DAYS": env.int("MAILWRIGHT_INBOX_DAYS", default=30),
    "INBOX_PROBLEM_DAYS": env.int("MAILWRIGHT_INBOX_PROBLEM_DAYS", default=180),
    # Where `manage.py listen_mail` takes mail: at a socket file, else at host and port.
    "LISTEN_HOST": env.str("MAILWRIGHT_LISTEN_HOST", default="127.0.0.1"),
    "LISTEN_PORT": env.int("MAILWRIGHT_LISTEN_PORT", default=8025),
    "LISTEN_SOCKET": env.str("MAILWRIGHT_LISTEN_SOCKET", default=""),
    "LISTEN_NAME": env.str("MAILWRIGHT_LISTEN_NAME", default=""),
    "LISTEN_CERTIFICATE": env.str("MAILWRIGHT_LISTEN_CERTIFICATE", default=""),
    "LISTEN_PRIVATE_KEY": env.str("MAILWRIGHT_LISTEN_PRIVATE_KEY", default=""),
    # Whole months of events kept besides the present one; 0 keeps them for good.
    "EVENT_MONTHS": env.int("MAILWRIGHT_EVENT_MONTHS", default=24),
}

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "django_htmx",
    "django_celery_beat",
    "django_prometheus",
    "health_check",
    "import_export",
    "anymail",
    "common",
    "campaigns",
    "insights",
    "suppression",
    "iprouting",
    "warmup",
    "sending",
    "sandbox",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "campaigns.access.AccessMiddleware",
    "common.admin.ZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///mailwright")}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

AUTH_USER_MODEL = "campaigns.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "media"

# Behind TLS in production; plain on a developer's machine and in the demo.
HTTPS = env.bool("MAILWRIGHT_HTTPS", default=False)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# A one-click POST must never be answered with a redirect, nor a load balancer's health probe.
SECURE_REDIRECT_EXEMPT = [
    *(r"^u/", r"^t/", r"^p/", r"^hooks/", r"^anymail/"),
    *(r"^healthz$", r"^metrics$"),
]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "campaigns.access.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["campaigns.access.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "common.api.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.api.problem_response",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("MAILWRIGHT_API_RATE_ANONYMOUS", default="60/min"),
        "user": env.str("MAILWRIGHT_API_RATE_USER", default="6000/min"),
    },
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
KNOX_TOKEN_MODEL = "campaigns.ApiKey"  # noqa: S105  the name of a model
# Knox's own migrations would make a table for the model that ours takes the place of.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {
    "TOKEN_TTL": None,
    "AUTO_REFRESH": False,
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_MODEL": "campaigns.ApiKey",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mailwright",
    "DESCRIPTION": "E-mail campaigns that arrive.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CampaignKindEnum": "campaigns.models.CampaignKind",
        "CampaignStateEnum": "campaigns.models.campaign.STATE_CHOICES",
        "ExportStatusEnum": "insights.models.ExportStatus",
        "ImportStatusEnum": "campaigns.models.ImportStatus",
        "RecipientStateEnum": "campaigns.models.recipient.RECIPIENT_STATE_CHOICES",
        "StreamEnum": "campaigns.models.Stream",
        "SubscriptionStatusEnum": "campaigns.models.SubscriptionStatus",
        "TransportKindEnum": "iprouting.models.TransportKind",
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "sending.tasks.send_campaign": {"queue": "sending"},
    "sending.tasks.send_transactional": {"queue": "transactional"},
    "insights.tasks.deliver_webhooks": {"queue": "webhooks"},
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_REDIRECT_STDOUTS = False  # a traceback stays one text
CELERY_TASK_TIME_LIMIT = 1800

EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

UNFOLD = {
    "SITE_TITLE": "Mailwright",
    "SITE_HEADER": "Mailwright",
    "SITE_SUBHEADER": "config.navigation.organization_name",
    "SITE_DROPDOWN": "config.navigation.switcher",
    "SITE_SYMBOL": "mark_email_read",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}
    ],
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.navigation.environment",
    "DASHBOARD_CALLBACK": "config.overview.callback",
    "STYLES": [lambda request: static("css/admin.css")],
    "SCRIPTS": [lambda request: static("js/admin.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(97.1% .013 240)",
            "100": "oklch(93.9% .031 241)",
            "200": "oklch(88.4% .062 242)",
            "300": "oklch(80.5% .108 244)",
            "400": "oklch(70.2% .148 248)",
            "500": "oklch(60.6% .170 252)",
            "600": "oklch(52.4% .168 255)",
            "700": "oklch(46.2% .150 256)",
            "800": "oklch(40.1% .122 256)",
            "900": "oklch(35.2% .096 256)",
            "950": "oklch(26.4% .067 257)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "config.navigation.sidebar",
    },
}
