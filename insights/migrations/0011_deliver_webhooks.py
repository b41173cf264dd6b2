"""Rows of the beat table: telling webhooks, and forgetting what was told."""

from django.db import migrations

SCHEDULE = [
    (
        "Tell webhooks what happened",
        "insights.tasks.deliver_webhooks",
        (1, "seconds"),
        "webhooks",
        5,
    ),
    (
        "Forget old webhook deliveries",
        "insights.tasks.forget_deliveries",
        (1, "days"),
        "default",
        None,
    ),
]


def seed(apps, schema_editor):
    """Add the rows unless they are there."""
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    task_model = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, (every, period), queue, expires in SCHEDULE:
        interval, _ = interval_model.objects.get_or_create(every=every, period=period)
        task_model.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval,
                "queue": queue,
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
        ("insights", "0010_webhooks"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed, remove)]
