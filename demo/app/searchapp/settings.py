"""Settings; what differs between environments comes from config/env."""

import os

from .revision import RELEASE


def _read_env() -> dict[str, str]:
    """`NAME=value` lines of config/env; the process's own environment wins."""
    values = {}
    path = RELEASE / "config" / "env"
    if path.exists():
        for line in path.read_text().splitlines():
            name, found, value = line.partition("=")
            if found and not line.startswith("#"):
                values[name.strip()] = value.strip()
    return {**values, **os.environ}


ENV = _read_env()

SECRET_KEY = ENV.get("SECRET_KEY", "")
DEBUG = ENV.get("DEBUG", "") == "1"
ALLOWED_HOSTS = [name for name in ENV.get("ALLOWED_HOSTS", "localhost").split(",") if name]

ROOT_URLCONF = "searchapp.urls"
WSGI_APPLICATION = "searchapp.wsgi.application"
INSTALLED_APPS = ["pages"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": ENV.get("PGHOST", "127.0.0.1"),
        "NAME": ENV.get("PGDATABASE", "searchapp"),
        "USER": ENV.get("PGUSER", "searchapp"),
        "PASSWORD": ENV.get("PGPASSWORD", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# Errors go where they outlive the release, if the folder is there; uWSGI's own log has the rest.
if (RELEASE / "log").is_dir():
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "handlers": {
            "file": {
                "class": "logging.handlers.WatchedFileHandler",
                "filename": RELEASE / "log" / "searchapp.log",
                "formatter": "line",
                "delay": True,
            }
        },
        "loggers": {"django": {"handlers": ["file"], "level": "WARNING"}},
    }

# What stands before the names in the bundle's manifest; the manifest itself is the release's own.
BUNDLE_URL = ENV.get("BUNDLE_URL", "/bundles/")
BUNDLE_MANIFEST = RELEASE / "static" / "manifest.json"
