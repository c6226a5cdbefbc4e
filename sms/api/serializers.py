"""What goes in and what comes out of the messages API; two different things."""

from typing import Any

from rest_framework import serializers

from sms.models import Message


class MessageIn(serializers.Serializer[Any]):
    """A text to send."""

    to = serializers.CharField(max_length=40, help_text="Phone number in E.164 form, such as +12025550199.")
    body = serializers.CharField(max_length=1600, trim_whitespace=False, help_text="The text, 1 to 1600 characters.")
    sender = serializers.CharField(
        max_length=40,
        required=False,
        default="",
        help_text="One of your numbers, or a Sender ID. Left out: the outbound rules decide.",
    )
    priority = serializers.ChoiceField(
        choices=["single", "bulk"],
        required=False,
        default="single",
        help_text="`bulk` for texts to many people: a sender's single texts go before them.",
    )


class MessageOut(serializers.ModelSerializer[Message]):
    """A message as the API shows it. Times are UTC; `id` has 32 hexadecimal digits."""

    id = serializers.CharField(source="id.hex")
    ours = serializers.CharField(source="our_address", help_text="Our number or Sender ID.")
    theirs = serializers.CharField(source="their_address", help_text="Their number, E.164.")
    status = serializers.CharField(
        source="provider_status", help_text="Twilio's word for the current attempt; empty until there is one."
    )
    media = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()), help_text="Files of an MMS."
    )

    class Meta:
        model = Message
        fields = (
            "id",
            "direction",
            "ours",
            "theirs",
            "body",
            "media",
            "segments",
            "state",
            "status",
            "error_code",
            "provider_sid",
            "occurred_at",
            "created_at",
        )


class MessagePage(serializers.Serializer[Any]):
    """One page of messages, newest first; `next` is the address of the older ones, or null."""

    results = MessageOut(many=True)
    next = serializers.CharField(allow_null=True)
