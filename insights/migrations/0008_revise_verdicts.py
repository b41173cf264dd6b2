"""Rows of the beat table: verdicts on opens and clicks, and the history of domains."""

from django.db import migrations

SCHEDULE = [
    ("Look again at who opened and clicked", "insights.tasks.revise_verdicts", 30),
    ("Learn where links are followed at once", "insights.tasks.refresh_histories", 3600),
]


def seed(apps, schema_editor):
    """Add the rows that are missing."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    task_model = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every in SCHEDULE:
        interval, _ = interval_model.objects.get_or_create(every=every, period="seconds")
        task_model.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval,
                "queue": "default",
                "expire_seconds": every,
            },
        )


def remove(apps, schema_editor):
    """Take the rows out again."""
    names = [name for name, *_ in SCHEDULE]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [
        ("insights", "0007_verdicts"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
