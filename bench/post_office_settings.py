"""Django settings for django-post_office alone, as fast as it goes: see docs/performance.md."""

from __future__ import annotations

import environ

env = environ.Env()

SECRET_KEY = "of the bench"  # signs nothing
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "post_office"]
DATABASES = {"default": env.db("DATABASE_URL")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
EMAIL_BACKEND = "post_office.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = env.int("BENCH_SMTP_PORT", default=25)
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    # Found by trying: the default batches of 100 are less than half as fast, since each starts its
    # processes and connections anew. Two processes with 8 threads have the 16 connections that
    # every sender has; 2 threads are slower, 16 hardly faster.
    "BATCH_SIZE": 5000,
    "THREADS_PER_PROCESS": 8,
    "LOG_LEVEL": 0,
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"post_office": {"handlers": ["console"], "level": "ERROR"}},
}
