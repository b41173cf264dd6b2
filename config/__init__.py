"""Settings, URLs and the processes of Mailwright."""

from config.celery import app as celery_app

__all__ = ("celery_app",)
