"""Indexes by which both engines find due work, and what points at a row that is deleted."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("sms", "0004_held_index")]

    operations = [
        migrations.RemoveIndex("delivery", "delivery_due"),
        migrations.RemoveIndex("message", "message_due"),
        migrations.RemoveIndex("message", "message_unknown"),
        migrations.RemoveIndex("message", "message_to_check"),
        migrations.AddIndex(
            "delivery",
            models.Index(fields=["state", "due_at", "id"], condition=Q(delivered_at=None), name="delivery_due"),
        ),
        migrations.AddIndex(
            "message",
            models.Index(fields=["state", "due_at", "id"], condition=Q(due_at__isnull=False), name="message_due"),
        ),
        migrations.AddIndex(
            "message",
            models.Index(fields=["in_reply_to"], condition=Q(in_reply_to__isnull=False), name="message_replies"),
        ),
        migrations.AddIndex(
            "message",
            models.Index(fields=["author"], condition=Q(author__isnull=False), name="message_author"),
        ),
        migrations.AddIndex(
            "message",
            models.Index(fields=["number", "occurred_at"], condition=Q(number__isnull=False), name="message_number"),
        ),
        migrations.AddIndex(
            "statusevent",
            models.Index(fields=["provider_sid"], condition=Q(attempt=None), name="status_event_orphans"),
        ),
        migrations.AddIndex(
            "optout",
            models.Index(fields=["tenant", "created_at", "id"], name="opt_out_list"),
        ),
    ]
