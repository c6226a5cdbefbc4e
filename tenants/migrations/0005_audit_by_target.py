"""What was done to one row, found without reading a tenant's whole log."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0004_availability_and_groups'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['tenant', 'target_id', '-occurred_at', '-id'], name='audit_by_target'),
        ),
    ]
