"""A row of the beat table: deleting the reasons for choices of long ago."""

from django.db import migrations

NAME = "Forget why old messages left through their IP"


def seed(apps, schema_editor):
    """Add the row unless it is there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=1, period="hours")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "iprouting.tasks.forget_decisions",
            "interval": interval,
            "queue": "default",
            "expire_seconds": 1800,
        },
    )


def remove(apps, schema_editor):
    """Take the row out again."""
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [
        ("iprouting", "0005_routing_decision"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
