"""Acknowledgements that the broker did not take: they must not use up what a worker may have in hand."""

from kombu.transport import redis, virtual


class ForgivingQoS(redis.QoS):
    """Let go of a message although the broker could not be told.

    Kombu 5.7 keeps one whose acknowledgement failed among those in hand, and Celery only logs the failure: after as
    many as a worker may have in hand it would take nothing more, for good. The broker gives the message out once more
    later, which is harmless: it says no more than that a queue has work.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message.

        Raises:
            redis.exceptions.ConnectionError: the broker was not told.
        """
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except self.channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give a message back, or drop it.

        Raises:
            redis.exceptions.ConnectionError: the broker was not told.
        """
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except self.channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


def install() -> None:
    """Let every channel to the broker count like this."""
    redis.Channel.QoS = ForgivingQoS
