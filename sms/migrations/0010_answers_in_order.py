"""A member's texts in the order of time: who has answered last is looked for with each text that a group shares out."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sms', '0009_assigned_conversations'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_author',
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('author__isnull', False)), fields=['author', 'occurred_at'], name='message_author'),
        ),
    ]
