"""What verdicts on opens and clicks rest on, and how soon links are followed at a domain."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_recipient_facts"),
        ("insights", "0006_learn_providers"),
    ]

    operations = [
        migrations.CreateModel(
            name="DomainHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("domain", models.CharField(max_length=253)),
                (
                    "messages",
                    models.PositiveIntegerField(help_text="In which a link was followed."),
                ),
                (
                    "fast_messages",
                    models.PositiveIntegerField(
                        help_text="Of them, in which that was within moments of delivery."
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="actor_confidence",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="agent",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="classifier_version",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="method",
            field=models.CharField(blank=True, db_default="", default="", max_length=4),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="network",
            field=models.CharField(blank=True, db_default="", default="", max_length=43),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="revise_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="deliveryevent",
            name="seconds_after_delivery",
            field=models.FloatField(null=True),
        ),
        migrations.AddIndex(
            model_name="deliveryevent",
            index=models.Index(
                condition=models.Q(("revise_at__isnull", False)),
                fields=["revise_at"],
                name="event_to_revise",
            ),
        ),
        migrations.AddField(
            model_name="domainhistory",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="campaigns.organization",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainhistory",
            constraint=models.UniqueConstraint(
                fields=("organization", "domain"), name="domain_history_once"
            ),
        ),
    ]
