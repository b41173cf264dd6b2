"""A row of the beat table: deleting old reports from the inbox."""

from django.db import migrations

NAME = "Delete old reports from the inbox"


def seed(apps, schema_editor):
    """Add the row unless it is there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=1, period="days")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "sending.tasks.discard_payloads",
            "interval": interval,
            "queue": "default",
        },
    )


def remove(apps, schema_editor):
    """Take the row out again."""
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [("sending", "0002_read_inbox")]

    operations = [migrations.RunPython(seed, remove)]
