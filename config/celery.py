"""The Celery application. The beat table lies in the database, to be edited in the admin."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A worker would load every page for the checks and say nothing of what they find; `manage.py check`
# and `manage.py migrate` run them and do.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("mailwright")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
