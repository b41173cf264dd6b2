from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("iprouting", "0003_refresh_reputation")]

    operations = [
        migrations.AddField(
            model_name="sendingip",
            name="provider_options",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="For a commercial provider: what it is told with each message, by which "
                'it picks the IP or pool, as JSON: {"ip_pool_name": "marketing"}.',
            ),
        ),
    ]
