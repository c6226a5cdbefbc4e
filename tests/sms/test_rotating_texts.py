"""Texts while a token is rotated: both tokens are heard, the former for a while longer, and nothing is held."""

import pytest

from sms import sending
from sms.models import Configuration, RefusedRequest, TokenRotation, TwilioAccount
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.rotating import flow, rounds, rows
from sms.webhooks import registry
from sms.webhooks.spool import State
from tenants import clock, secrets
from tenants.audit import PORTAL
from tests.factories import AUTH_TOKEN, make_account, make_cast, make_configuration, make_trunk
from tests.sms import webhook_client
from tests.sms.conftest import fresh, later, let_send
from tests.sms.sending_scene import queue

SECOND = "f" * 32
REFUSED = Answer(401, code="20003", text="Authenticate")


@pytest.fixture
def configuration(cast, hinted, settings):
    settings.PUBLIC_BASE_URL = webhook_client.BASE
    registry.forget()
    yield cast.configuration
    registry.forget()


@pytest.fixture
def rotation(configuration):
    """A rotation whose second token is verified."""
    account = configuration.account
    rows.store_second(account, SECOND)
    return TokenRotation.objects.create(account=account, step="verified", made_by="alice")


def arrives(configuration, token):
    answer = webhook_client.post(webhook_client.path_of(configuration), webhook_client.text(configuration), token=token)
    return answer.status_code


def promoted(rotation):
    """Follow Twilio, as after its answer."""
    TokenRotation.objects.filter(pk=rotation.pk).update(begun="promoted")
    rotation.refresh_from_db()
    flow._promoted(PORTAL, rotation, SECOND)
    return rotation


def test_both_tokens_are_heard_before_and_after_and_the_former_a_minute_longer(configuration, rotation):
    assert (arrives(configuration, AUTH_TOKEN), arrives(configuration, SECOND)) == (200, 200)
    assert TokenRotation.objects.get().seen_at is None
    promoted(rotation)
    registry.forget()
    assert arrives(configuration, AUTH_TOKEN) == 200
    assert TokenRotation.objects.get().seen_at is None, "Twilio signed it before"
    assert arrives(configuration, SECOND) == 200
    assert TokenRotation.objects.get().seen_at is not None
    assert arrives(configuration, AUTH_TOKEN) == 200, "it was on its way"
    with later(61):
        assert rounds.work() == 1
    registry.forget()
    assert (arrives(configuration, AUTH_TOKEN), arrives(configuration, SECOND)) == (403, 200)


def test_a_process_that_remembers_the_old_tokens_hears_the_new_one(configuration, rotation):
    TwilioAccount.objects.update(secondary_token_sealed=b"")
    registry.forget()
    assert arrives(configuration, AUTH_TOKEN) == 200
    # Another process stores the second token: this one is not told.
    account = TwilioAccount.objects.get()
    secrets.seal(account, "secondary_token", SECOND)
    account.save()
    assert arrives(configuration, SECOND) == 200
    assert not RefusedRequest.objects.exists()


def test_other_rows_of_the_account_keep_their_former_token_as_long(cast, configuration, rotation):
    theirs = make_account(cast.globex, sid=configuration.account.account_sid)
    other = make_configuration(cast.globex, make_trunk("Theirs"), theirs)
    rows.share_second(configuration.account, SECOND)
    promoted(rotation)
    registry.forget()
    assert (arrives(other, SECOND), arrives(other, AUTH_TOKEN)) == (200, 200)
    assert TokenRotation.objects.get().seen_at is not None
    flow.drop(PORTAL, configuration.account)
    registry.forget()
    assert (arrives(other, SECOND), arrives(other, AUTH_TOKEN)) == (200, 403)


@pytest.mark.parametrize(("age", "dropped"), [(3590, 0), (10, 1), (None, 1)])
def test_nothing_is_dropped_while_requests_from_before_wait_on_disk(configuration, rotation, monkeypatch, age, dropped):
    promoted(rotation)
    TokenRotation.objects.update(seen_at=clock.in_seconds(-3600))
    monkeypatch.setattr(rounds.spool, "state", lambda: State(1, 1, age, 0, 0))
    assert rounds.work() == dropped


def claimed(cast):
    let_send(cast)
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    return message, item


def test_a_text_refused_in_the_moment_of_promotion_is_sent_again_at_once(cast, configuration, rotation):
    message, item = claimed(cast)
    TokenRotation.objects.update(begun="promoted")
    recording.record([Result(item, REFUSED)])
    row = fresh(message)
    assert (row.state, row.error_code) == ("queued", "")
    assert clock.now() < row.due_at <= clock.in_seconds(2)
    assert not Configuration.objects.get().held_reason
    promoted(rotation)
    with later(2):
        [item] = sending.claim(10)
    assert secrets.open(item.configuration.account, "auth_token") == SECOND


def test_a_text_refused_with_the_old_token_after_the_promotion_holds_nothing(cast, configuration, rotation):
    message, item = claimed(cast)
    promoted(rotation)
    recording.record([Result(item, REFUSED)])
    assert fresh(message).state == "queued"
    assert not Configuration.objects.get().held_reason


def test_a_refusal_of_the_new_token_holds_the_queue_as_ever(cast, configuration, rotation):
    promoted(rotation)
    message, item = claimed(cast)
    recording.record([Result(item, REFUSED)])
    assert Configuration.objects.get().held_reason == "20003"
    assert fresh(message).due_at <= clock.now()


def test_what_an_earlier_refusal_held_goes_on_after_the_promotion(configuration, rotation):
    Configuration.objects.update(held_reason="20003", held_at=clock.now())
    promoted(rotation)
    assert not Configuration.objects.get().held_reason


def test_each_region_has_tokens_of_its_own(db):
    cast = make_cast()
    irish = make_account(cast.globex, sid=cast.account.account_sid, region="ie1")
    make_configuration(cast.globex, make_trunk("Irish"), irish)
    rows.share_second(cast.account, SECOND)
    assert not TwilioAccount.objects.get(pk=irish.pk).secondary_token_sealed
    assert rows.elsewhere(cast.account).configurations == 1
