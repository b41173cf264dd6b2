"""A row of the beat table: recording opens and clicks."""

from django.db import migrations

NAME = "Record opens and clicks"


def seed(apps, schema_editor):
    """Add the row unless it is there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=1, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "sending.tasks.record_hits",
            "interval": interval,
            "queue": "default",
            "expire_seconds": 5,
        },
    )


def remove(apps, schema_editor):
    """Take the row out again."""
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [("sending", "0004_run_exports")]

    operations = [migrations.RunPython(seed, remove)]
