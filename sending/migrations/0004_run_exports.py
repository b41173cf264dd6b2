"""Rows of the beat table: exports that were left, and files whose time is over."""

from django.db import migrations

SCHEDULE = [
    ("Take up exports that were left", "sending.tasks.resume_exports", (10, "seconds"), 50),
    ("Delete old export files", "sending.tasks.discard_exports", (1, "hours"), None),
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

    dependencies = [("sending", "0003_discard_payloads")]

    operations = [migrations.RunPython(seed, remove)]
