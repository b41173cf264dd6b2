"""The security gateway in front of a contact's mailbox; a provider not looked up says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a column and changes a default."""

    dependencies = [("campaigns", "0002_recipient_facts")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="gateway",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=40
            ),
        ),
        migrations.AlterField(
            model_name="contact",
            name="provider",
            field=models.CharField(default="unknown", editable=False, max_length=40),
        ),
    ]
