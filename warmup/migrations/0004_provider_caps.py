"""Caps for single providers within a day's limit, and what went to each."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("warmup", "0003_figures_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="warmupschedule",
            name="provider_caps",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.CreateModel(
            name="ProviderAllowance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=40)),
                ("daily_limit", models.PositiveIntegerField(null=True)),
                ("used", models.PositiveIntegerField(default=0)),
                (
                    "allowance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="providers",
                        to="warmup.dailyallowance",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="providerallowance",
            constraint=models.UniqueConstraint(
                fields=("allowance", "provider"), name="provider_allowance_once_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="providerallowance",
            constraint=models.CheckConstraint(
                condition=models.Q(("used__lte", models.F("daily_limit"))),
                name="provider_allowance_never_exceeded",
            ),
        ),
        # Whom they were for is not known: what they hold counts as used.
        migrations.RunSQL("DELETE FROM warmup_reservation", migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="reservation",
            name="reservation_once_per_claim",
        ),
        migrations.AddField(
            model_name="reservation",
            name="provider",
            field=models.CharField(max_length=40),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(
                fields=("owner", "allowance", "provider"), name="reservation_once_per_claim"
            ),
        ),
    ]
