"""How many numbers at Twilio point to each of the portal's addresses."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sms', '0012_connect'),
    ]

    operations = [
        migrations.AddField(
            model_name='publicaddress',
            name='is_accepted',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='publicaddress',
            name='pointing',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='publicaddress',
            name='counted_at',
            field=models.DateTimeField(null=True),
        ),
    ]
