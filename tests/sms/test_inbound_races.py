"""Arriving texts beside others who change the same conversations: nobody waits in a ring."""

import threading
import time

import pytest
from django.db import connection, transaction

from rules.models import RuleSet
from sms import inbound, reports
from sms.models import Conversation, Message
from tests import factories
from tests.factories import OUR_NUMBER

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]


def test_a_batch_of_arriving_texts_never_waits_in_a_ring_with_results_being_recorded(cast: factories.Cast) -> None:
    RuleSet.objects.create(tenant=cast.acme, kind="inbound", version=1, document={"rules": []})
    # By id the one comes first, by addresses the other.
    first = factories.make_conversation(cast.acme, OUR_NUMBER, "+12025550199")
    second = factories.make_conversation(cast.acme, OUR_NUMBER, "+12025550111")
    for conversation in (first, second):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=conversation.their_address)
    held = threading.Event()

    def record_results() -> None:
        try:
            with transaction.atomic():
                reports.touch([first.pk])
                held.set()
                time.sleep(0.5)
                reports.touch([second.pk])
        finally:
            connection.close()

    recorder = threading.Thread(target=record_results)
    recorder.start()
    assert held.wait(5)
    inbound.work()
    recorder.join()
    assert set(Message.objects.values_list("state", "attempt_count")) == {("unrouted", 0)}
    assert set(Conversation.objects.values_list("inbound_count", "version")) == {(1, 3)}
