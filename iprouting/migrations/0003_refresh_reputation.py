"""Rows of the beat table: keeping the reputation of IPs."""

from django.db import migrations

RECENT = "Keep the reputation of sending IPs"
CORRECTED = "Correct the reputation of earlier hours"
SCHEDULE = [
    (RECENT, "iprouting.tasks.refresh_reputation", (30, "seconds"), 30),
    (CORRECTED, "iprouting.tasks.correct_reputation", (1, "hours"), 1800),
]


def seed(apps, schema_editor):
    """Add the rows unless they are there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    task_model = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, (every, period), expires in SCHEDULE:
        interval, _ = interval_model.objects.get_or_create(every=every, period=period)
        task_model.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval,
                "queue": "default",
                "expire_seconds": expires,
            },
        )


def remove(apps, schema_editor):
    """Take the rows out again."""
    names = [name for name, *_ in SCHEDULE]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [
        ("iprouting", "0002_ip_reputation"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
