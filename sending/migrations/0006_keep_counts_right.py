"""Rows of the beat table: summing up and checking counts, dropping what is kept no longer."""

from django.db import migrations

# By night in UTC: hour and minute.
SCHEDULE = [
    ("Compare counts with events", "sending.tasks.compare_counts", 2, 15),
    ("Drop months of events that are over", "sending.tasks.drop_months", 3, 45),
]

SUMMARIES = "Sum up counts that have changed"


def seed(apps, schema_editor):
    """Add the rows unless they are there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = interval_model.objects.get_or_create(every=10, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=SUMMARIES,
        defaults={
            "task": "sending.tasks.sum_up_counts",
            "interval": interval,
            "queue": "default",
            "expire_seconds": 50,
        },
    )
    crontab_model = apps.get_model("django_celery_beat", "CrontabSchedule")
    for name, task, hour, minute in SCHEDULE:
        crontab, _ = crontab_model.objects.get_or_create(
            hour=str(hour), minute=str(minute), timezone="UTC"
        )
        apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
            name=name, defaults={"task": task, "crontab": crontab, "queue": "default"}
        )


def remove(apps, schema_editor):
    """Take the rows out again."""
    names = [SUMMARIES, *(name for name, *_ in SCHEDULE)]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    """Adds to the beat table."""

    dependencies = [("sending", "0005_record_hits")]

    operations = [migrations.RunPython(seed, remove)]
