"""The beat table: what runs by itself and how often. People may change it in the admin."""

from django.db import migrations

SECOND, TEN_SECONDS, DAY = (1, "seconds"), (10, "seconds"), (1, "days")
SCHEDULE = [
    ("Send what is due", "sending.tasks.send_due", SECOND, "default"),
    ("Start, prepare and end campaigns", "sending.tasks.advance_campaigns", SECOND, "default"),
    (
        "Settle what dead workers left behind",
        "sending.tasks.recover_leases",
        TEN_SECONDS,
        "sending",
    ),
    ("Take up imports that were left", "sending.tasks.resume_imports", TEN_SECONDS, "default"),
    ("Delete old import files", "sending.tasks.discard_import_files", DAY, "default"),
    ("Forget answers to repeated requests", "sending.tasks.forget_answers", DAY, "default"),
    ("Make room for coming months of events", "sending.tasks.make_partitions", DAY, "default"),
]


def seed(apps, schema_editor):
    """Add the rows that are missing."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    task_model = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, (every, period), queue in SCHEDULE:
        interval, _ = interval_model.objects.get_or_create(every=every, period=period)
        task_model.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval,
                "queue": queue,
                "expire_seconds": None if period == "days" else 5 * every,
            },
        )


def remove(apps, schema_editor):
    """Take the rows out again."""
    names = [name for name, *_ in SCHEDULE]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    """Seeds the beat table."""

    dependencies = [("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(seed, remove)]
