"""Whether texts to +1 from numbers that are not registered are refused."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_audit_by_target'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='registered_us_only',
            field=models.BooleanField(default=False, help_text='US networks block them. Without this the writer is warned.', verbose_name='Refuse texts to +1 from US numbers that are not registered'),
        ),
    ]
