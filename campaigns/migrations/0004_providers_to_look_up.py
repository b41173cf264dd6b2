"""Contacts from before mailbox providers were looked up: none of theirs was."""

from django.db import migrations, models

ROWS = 10_000  # contacts changed at a time, so that nobody waits for their rows


def forget(apps, schema_editor):
    """Have "other" looked up again wherever it stood for "never looked up"."""
    contact = apps.get_model("campaigns", "Contact")
    last = contact.objects.aggregate(last=models.Max("pk"))["last"] or 0
    for first in range(0, last + 1, ROWS):
        contact.objects.filter(pk__range=(first, first + ROWS - 1), provider="other").update(
            provider="unknown"
        )


def restore(apps, schema_editor):
    """Call unknown providers "other" again."""
    contact = apps.get_model("campaigns", "Contact")
    contact.objects.filter(provider__in=("unknown", "none")).update(provider="other")


class Migration(migrations.Migration):
    """Changes contacts; can be run again."""

    atomic = False
    dependencies = [("campaigns", "0003_contact_gateway")]

    operations = [migrations.RunPython(forget, restore)]
