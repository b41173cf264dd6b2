"""A row of the beat table: the days of warm-ups."""

from django.db import migrations

NAME = "Bring warm-ups to the present day"


def seed(apps, schema_editor):
    """Add the row unless it is there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=30, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "warmup.tasks.advance_warmups",
            "interval": interval,
            "queue": "default",
            "expire_seconds": 25,
        },
    )


def remove(apps, schema_editor):
    """Take the row out again."""
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [
        ("warmup", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
