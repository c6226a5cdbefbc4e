"""Texts with an error of Twilio, newest first: the log is narrowed to one, and the dashboard counts them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sms', '0013_public_address_counts'),
        ('tenants', '0006_registered_us_only'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('error_code', ''), _negated=True), fields=['tenant', 'occurred_at', 'id'], name='message_with_error'),
        ),
    ]
