"""Django settings. The only module that reads the server's environment variables, but for DATA_DIR.

`system/lib/installation.py` reads that one too, for programs without Django.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from pm2site import env
from pm2site.logging_setup import logging_config
from system.database.existing_file import ExistingFile
from system.lib import installation

BASE_DIR = installation.ROOT
VERSION = installation.read_version()

# --- Files -------------------------------------------------------------------------------------------------
DATA_DIR = env.path("DATA_DIR", installation.data_dir())
LOG_DIR = DATA_DIR / "logs"
BACKUP_DIR = env.path("BACKUP_DIR", DATA_DIR / "backups")
BACKUP_HOURS = env.integer("BACKUP_HOURS", 24, 0, 8760)
BACKUP_KEEP = env.integer("BACKUP_KEEP", 7, 1, 10000)
HAS_RUN_BEFORE = (DATA_DIR / "secret_key").exists()
SECRET_KEY = env.load_or_create_secret(DATA_DIR / "secret_key", 50)
SERVER_ID = env.load_or_create_secret(DATA_DIR / "server_id", 9)  # stored in every row that this server writes

# --- Access ------------------------------------------------------------------------------------------------
API_KEY = env.text("API_KEY")
API_KEY_READONLY = env.text("API_KEY_READONLY")
API_OPEN = env.flag("API_OPEN")
API_PORT = env.integer("API_PORT", 3100, 1, 65535)
API_HOST = env.text("API_HOST", "0.0.0.0" if API_KEY or API_OPEN else "127.0.0.1")
API_ALLOWED_HOSTS = env.comma_separated("API_ALLOWED_HOSTS")
API_ALLOWED_ORIGINS = env.comma_separated("API_ALLOWED_ORIGINS")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
WS_MAX_SOCKETS = env.integer("WS_MAX_SOCKETS", 2000, 1, 100_000)
WS_SHARE = env.fraction("WS_SHARE", 0.5)  # of WS_MAX_SOCKETS, for one credential or address
HOST_NAMES = ("localhost", socket.gethostname(), socket.getfqdn())

NODE_ENV = env.choice("NODE_ENV", "production", ("production", "development", "test"))
DETAILED_ERRORS = env.flag("DJANGO_DEBUG", NODE_ENV == "development")
DEBUG = False  # Django's debug page would show settings to anybody; details are sent to loopback only
ALLOWED_HOSTS = ["*"]  # pm2site.http.request_checks checks the Host, for HTTP and WebSocket alike

# --- PM2, Redis, benchmarks --------------------------------------------------------------------------------
PM2_HOME = env.path("PM2_HOME", Path.home() / ".pm2")
PM2_TIMEOUT = env.seconds("PM2_TIMEOUT", 10)
ECOSYSTEM_DIRS = env.paths("ECOSYSTEM_DIRS")  # the API starts the ecosystem files below; they are code
FRAMEWORK_PORT_OFFSET = env.integer("FRAMEWORK_PORT_OFFSET", 0, 0, 60000)
REDIS_SERVER = env.program("REDIS_SERVER")
REDIS_CLUSTER_DIR = env.path("REDIS_CLUSTER_DIR", DATA_DIR / "redis-cluster")
REDIS_BASE_PORT = env.integer("REDIS_BASE_PORT", 7000, 1024, 55535)
REDIS_MAX_NODES = env.integer("REDIS_MAX_NODES", 30, 3, 1000)
REDIS_TIMEOUT = env.seconds("REDIS_TIMEOUT", 5)
# Never loaded by a run, like the database.
BROKER_URL = env.service_url("BROKER_URL", ("redis", "rediss", "amqp", "amqps"))
CHANNEL_REDIS_URL = env.service_url("CHANNEL_REDIS_URL", ("redis", "rediss"))
BENCH_TARGETS = env.comma_separated("BENCH_TARGETS")
HISTORY = env.flag("HISTORY", True)
_history = env.text("BENCH_HISTORY_FILE")
BENCH_HISTORY_FILES = (
    (Path(_history).expanduser(),)
    if _history
    else tuple(dict.fromkeys(folder / ".bench-history.json" for folder in (Path.cwd(), BASE_DIR)))
)
METRICS_COMPAT = env.choices("METRICS_COMPAT", frozenset({"pm2"}))  # names of other exporters in /metrics

# --- Django ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "pm2site",  # before staticfiles, so that runserver is ours, which serves WebSockets
    "pm2site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "system",
    "pm2",
    "rediscluster",
    "benchmarks",
    "monitoring",
]
ROOT_URLCONF = "pm2site.urls"
ASGI_APPLICATION = "pm2site.asgi.application"
MIDDLEWARE = [
    "pm2site.web.assets.AssetsMiddleware",  # first: files need neither sessions nor the database
    "pm2site.http.middleware.VisitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pm2site.http.middleware.MigrationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "pm2site.access.csrf.CsrfMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pm2site.http.middleware.AccessMiddleware",
    "pm2site.audit.trail.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"page_assets": "pm2site.web.template_tags"},
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR / "pm2site.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "factory": ExistingFile,
        "timeout": 30,  # seconds that a writer waits for another; in a server less: system.database.contention
        # A DEFERRED transaction that reads and then writes fails at once with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "init_command": ("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=16777216"),
    }
    # Not in memory: threads that share an in-memory database lock whole tables for each other.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
DATABASES["default"]["CONN_MAX_AGE"] = 60  # each thread that serves requests keeps its connection
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DATETIME_FORMAT = "Y-m-d H:i:s"  # with seconds, because dozens of exits in the admin share a minute
LANGUAGE_CODE = "en-us"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DETAILED_ERRORS
WHITENOISE_ALLOW_ALL_ORIGINS = False

LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "pm2site_session"
CSRF_COOKIE_NAME = "pm2site_csrf"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["pm2site.access.auth.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["pm2site.access.permissions.MayAct"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "pm2site.http.error_responses.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,  # `format` is a query parameter of the export
    "UNICODE_JSON": True,
    "COMPACT_JSON": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "pm2site",
    "DESCRIPTION": "PM2, Redis, the host and HTTP benchmarks of one machine. Live data: WebSocket `/ws`.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {  # of fields that have other choices elsewhere
        "AccessRole": (("act", "act"), ("read", "read")),
        "ClientKind": (("browser", "browser"), ("dashboard", "dashboard"), ("program", "program")),
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pm2site.web.schema.add_error_responses",
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "token": {"type": "http", "scheme": "bearer"},
        }
    },
    # Besides key or token, which CredentialScheme adds: none, where that is allowed.
    "SECURITY": [] if API_KEY else [{}],
}

ACTIVITY_ROWS = env.integer("ACTIVITY_ROWS", 100_000, 1000, 100_000_000)

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "json"))
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)
LOGGING_CONFIG = "pm2site.logging_setup.apply"  # Django configures logging again when it loads the ASGI application
