"""A broker that takes no acknowledgement for a while must not keep a worker from its queues for good."""

from collections.abc import Iterator

import pytest
import redis
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.message import Message
from kombu.messaging import Consumer

from portal.celery import app

IN_HAND = 3


class Served:
    """A consumer on a real broker that keeps what it is given."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.messages: list[Message] = []
        self.channel = connection.channel()
        self.queue = Queue("acks", routing_key="acks")
        consumer = Consumer(self.channel, [self.queue], accept=["json"], prefetch_count=IN_HAND)
        consumer.register_callback(lambda _body, message: self.messages.append(message))
        consumer.consume()

    def publish(self, count: int) -> None:
        producer = self.connection.Producer()
        for number in range(count):
            producer.publish({"number": number}, routing_key="acks", declare=[self.queue])

    def take(self) -> list[Message]:
        """Return what is given out until nothing more comes."""
        self.messages.clear()
        while True:
            try:
                self.connection.drain_events(timeout=0.5)
            except TimeoutError:
                return list(self.messages)


@pytest.fixture
def served(valkey_url: str) -> Iterator[Served]:
    assert app.loader
    with Connection(valkey_url, transport_options={"socket_timeout": 5}) as connection:
        yield Served(connection)


@pytest.mark.parametrize("answer", ["ack", "reject", "requeue"])
def test_messages_go_on_after_answers_that_were_lost(
    served: Served, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    served.publish(2 * IN_HAND)
    first = served.take()
    assert len(first) == IN_HAND
    with monkeypatch.context() as patch:

        def lost(*arguments: object, **options: object) -> None:
            raise redis.exceptions.ConnectionError("Connection closed by server.")

        patch.setattr(served.channel.qos, "_remove_from_indices", lost)
        patch.setattr(served.channel.qos, "restore_by_tag", lost)
        for message in first:
            with pytest.raises(redis.exceptions.ConnectionError):
                getattr(message, answer)()
    assert len(served.take()) == IN_HAND


def test_an_acknowledged_message_is_gone(served: Served, valkey_url: str) -> None:
    served.publish(1)
    (message,) = served.take()
    message.ack()
    with redis.Redis.from_url(valkey_url) as broker:
        assert broker.hlen(served.channel.unacked_key) == 0
    assert served.channel.qos.can_consume()
