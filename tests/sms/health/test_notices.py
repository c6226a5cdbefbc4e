"""What got worse is kept, shown and mailed: once, to those who can mend it, and not for a moment's trouble."""

import pytest
from django.core import mail

from sms.health import keeping, notices
from sms.health.aspects import Verdict
from sms.models import HealthChange, HealthReading
from tenants import letters
from tenants.letters import MailError
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_configuration, make_member, make_trunk
from tests.sms.conftest import later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_is_set_up(settings):
    settings.MAIL_IS_SET_UP = True
    settings.PUBLIC_BASE_URL = "https://portal.example"


def look(cast, *verdicts, of=None):
    return keeping.keep(of or cast.configuration, verdicts)


GOOD = Verdict("webhook", "webhook_here", address=OUR_NUMBER)
CERTAIN = Verdict("webhook", "webhook_not_set", address=OUR_NUMBER)
WELL = Verdict("address", "address_ok")
UNSURE = Verdict("address", "address_closed", {"host": "portal.example"})
UNREAD = Verdict("address", "not_read")


def test_what_is_bad_from_the_first_is_shown_and_no_news(cast):
    look(cast, CERTAIN)
    change = HealthChange.objects.get()
    assert (change.before, change.after, change.is_worse, change.mail_due_at) == ("", "bad", False, None)
    assert notices.work() == 0


def test_one_mail_tells_all_that_got_worse_to_those_who_can_mend_it(cast):
    other = make_configuration(cast.acme, make_trunk("Other"), cast.account, name="Other")
    second = Verdict("webhook", "webhook_not_set", address=OUR_SECOND_NUMBER)
    look(cast, GOOD, Verdict("webhook", "webhook_here", address=OUR_SECOND_NUMBER))
    look(cast, GOOD, of=other)
    with later(1):
        look(cast, CERTAIN, second)
        look(cast, CERTAIN, of=other)
    make_member(cast.acme, "gone@acme.example", "admin", enabled=False)
    with later(2):
        assert notices.work() == 1
        assert notices.work() == 0
    (sent,) = mail.outbox
    assert sent.to == ["alice@acme.example"]
    assert "does not work" in sent.subject
    for part in ("Main", "Other", "+1 202-555-0101, +1 202-555-0102", "No webhook is set", "https://portal.example/t/"):
        assert part in sent.body
    assert not HealthChange.objects.filter(is_worse=True, mailed_at=None).exists()


def test_what_may_be_a_moment_is_mailed_when_a_second_look_shows_it_again(cast):
    look(cast, WELL)
    with later(60):
        look(cast, UNSURE)
        assert notices.work() == 0
    with later(120):
        look(cast, UNSURE)
        assert notices.work() == 1
    with later(180):
        look(cast, UNSURE)
        assert notices.work() == 0


def test_what_is_well_at_the_second_look_is_not_mailed(cast):
    for seconds, verdict in enumerate([WELL, UNSURE, WELL, UNSURE, WELL]):
        with later(60 * seconds):
            look(cast, verdict)
            assert notices.work() == 0
    assert HealthChange.objects.count() == 4


def test_a_look_that_failed_in_between_makes_no_news_of_old_trouble(cast):
    certain = Verdict("address", "address_expired")
    sent = []
    for seconds, verdict in enumerate([WELL, certain, UNREAD, certain]):
        with later(60 * seconds):
            look(cast, verdict)
            sent.append(notices.work())
    assert sent == [0, 1, 0, 0]


def test_a_mail_that_does_not_leave_is_tried_again_and_one_day_given_up(cast, monkeypatch):
    def refuse(*told):
        raise MailError("no")

    deliver = letters.deliver
    monkeypatch.setattr(letters, "deliver", refuse)
    look(cast, GOOD)
    with later(1):
        look(cast, CERTAIN)
        assert notices.work() == 0
        change = HealthChange.objects.get()
        assert (change.mail_tries, change.mailed_at) == (1, None)
    with later(30):
        assert notices.work() == 0
        assert HealthChange.objects.get().mail_tries == 1
    for seconds in (100, 1000, 5000, 20_000, 50_000):
        with later(seconds):
            notices.work()
    monkeypatch.setattr(letters, "deliver", deliver)
    with later(90_000):
        assert notices.work() == 0
    assert (HealthChange.objects.get().mail_due_at, HealthChange.objects.get().mailed_at) == (None, None)
    assert not mail.outbox


def test_without_a_mail_server_the_page_alone_tells(cast, settings):
    settings.MAIL_IS_SET_UP = False
    look(cast, GOOD)
    with later(1):
        look(cast, CERTAIN)
        assert notices.work() == 0
    assert HealthChange.objects.get().mail_due_at is None


def test_a_configuration_that_is_switched_off_mails_nothing(cast):
    cast.configuration.enabled = False
    for seconds, verdict in enumerate([GOOD, CERTAIN, CERTAIN]):
        with later(seconds):
            look(cast, verdict)
    with later(9):
        assert notices.work() == 0


def test_numbers_that_left_the_pool_are_forgotten_but_not_those_that_could_not_be_read(cast):
    look(cast, GOOD, Verdict("webhook", "webhook_here", address=OUR_SECOND_NUMBER))
    look(cast, Verdict("webhook", "not_read"))
    assert HealthReading.objects.exclude(address="").count() == 2
    look(cast, GOOD, Verdict("webhook", "webhook_all_here", {"count": 1}))
    assert HealthReading.objects.exclude(address="").get().address == OUR_NUMBER


def test_since_is_when_it_became_so(cast):
    look(cast, WELL)
    with later(60):
        look(cast, UNSURE)
    began = HealthReading.objects.get().since
    with later(120):
        look(cast, Verdict("address", "address_silent", {"host": "portal.example"}))
    row = HealthReading.objects.get()
    assert (row.since, row.reason) == (began, "address_silent")
    assert row.checked_at > began


def test_the_history_of_long_ago_is_dropped(cast):
    look(cast, CERTAIN)
    with later(300 * 86_400):
        look(cast, GOOD)
        assert keeping.prune() == 0
    with later(401 * 86_400):
        assert keeping.prune() == 1
    assert HealthChange.objects.get().after == "good"
