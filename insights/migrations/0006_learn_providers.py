"""A row of the beat table: finding out the mailbox providers of contacts."""

from django.db import migrations

NAME = "Find out mailbox providers"


def seed(apps, schema_editor):
    """Add the row unless it is there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=10, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "insights.tasks.learn_providers",
            "interval": interval,
            "queue": "default",
            "expire_seconds": 10,
        },
    )


def remove(apps, schema_editor):
    """Take the row out again."""
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [
        ("insights", "0005_provider_rules"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
