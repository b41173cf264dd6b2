"""The Celery application. The beat table lies in the database, to be edited in the admin."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("mailwright")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
