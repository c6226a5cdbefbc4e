from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sms", "0002_trunk_removal")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "queued")),
                fields=["configuration", "our_address", "priority", "due_at", "id"],
                name="message_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("state", "accepted")),
                fields=["due_at", "id"],
                name="message_to_check",
            ),
        ),
    ]
