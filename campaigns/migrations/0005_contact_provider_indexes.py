"""Contacts are found by domain, provider and gateway."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds indexes without holding up writes."""

    atomic = False
    dependencies = [("campaigns", "0004_providers_to_look_up")]

    operations = [
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(fields=["domain", "organization"], name="contact_by_domain"),
        ),
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(
                fields=["organization", "provider", "id"], name="contact_by_provider"
            ),
        ),
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("gateway", ""), _negated=True),
                fields=["organization", "gateway", "id"],
                name="contact_behind_gateway",
            ),
        ),
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("provider", "unknown")),
                fields=["domain"],
                name="contact_without_provider",
            ),
        ),
    ]
