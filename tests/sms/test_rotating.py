"""A change of the Auth Token in the sandbox, step by step; cut off anywhere, and asked for by the wrong people."""

import pytest

from sms.models import Configuration, RotationStep, TokenRotation, TwilioAccount
from sms.queueing import breaker
from sms.rotating import flow, rounds, rows
from sms.rotating.marking import RotationRefused
from sms.setup import configuring, credentials
from sms.twilio import tokens
from sms.twilio.errors import TwilioProblem
from tenants import clock, failpoints, secrets
from tenants.audit import PORTAL, Actor
from tenants.models import AuditEntry
from tests.factories import make_account, make_configuration, make_trunk
from tests.sms.conftest import later
from tests.sms.connect_scene import forget, make_scene

ALICE = Actor("alice@acme.example")


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL, settings.LOCAL_BASE_URL = running_sandbox.url, ""
    yield make_scene(cast, running_sandbox)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


@pytest.fixture
def account(scene):
    return scene.configuration.account


def at_twilio(scene):
    """The tokens as Twilio has them: primary, secondary."""
    found = scene.sandbox.control("GET", f"/accounts/{scene.account['sid']}")
    return found["auth_token"], found["secondary_auth_token"] or ""


def stored(account):
    row = TwilioAccount.objects.get(pk=account.pk)
    return secrets.open(row, "auth_token"), secrets.open(row, "secondary_token")


def until_verified(account):
    flow.create(ALICE, account)
    flow.verify(ALICE, account, account.configurations.first())


def step_of(account):
    row = TokenRotation.objects.filter(account=account).first()
    return row.step, row.begun


def lose(monkeypatch, name, *, after=True):
    """Let the answer of one call to Twilio be lost, before or after Twilio did what it asks."""
    real = getattr(tokens, name)

    def lost(*args):
        if after:
            real(*args)
        raise tokens.Unclear(tokens.Problem.UNREACHABLE, "no answer")

    monkeypatch.setattr(tokens, name, lost)


# --- All is well ---


def test_a_token_is_rotated_and_both_verify_until_the_new_one_was_seen(scene, account):
    old = scene.account["auth_token"]
    flow.create(ALICE, account)
    second = at_twilio(scene)[1]
    assert second
    assert stored(account) == (old, second)
    assert not TwilioAccount.objects.get(pk=account.pk).secondary_is_former
    flow.verify(ALICE, account, scene.configuration)
    flow.promote(ALICE, account, everywhere=False)
    assert at_twilio(scene) == (second, "")
    assert stored(account) == (second, old)
    assert account.secondary_is_former
    assert flow.current(account).seen_at is None
    flow.drop(ALICE, account)
    assert stored(account) == (second, "")
    assert flow.current(account) is None
    actions = AuditEntry.objects.filter(tenant=account.tenant, action__startswith="sms.account.")
    assert list(actions.order_by("occurred_at", "id").values_list("action", flat=True))[-4:] == [
        "sms.account.second_token_made",
        "sms.account.second_token_verified",
        "sms.account.token_promoted",
        "sms.account.former_token_dropped",
    ]
    assert second not in str(list(actions.values_list("changes", flat=True)))


def test_giving_up_leaves_everything_as_it_was(scene, account):
    old = scene.account["auth_token"]
    until_verified(account)
    flow.give_up(ALICE, account)
    assert at_twilio(scene) == (old, "")
    assert stored(account) == (old, "")
    assert step_of(account) == ("given_up", "")
    flow.create(ALICE, account)
    assert TokenRotation.objects.count() == 2


def test_steps_out_of_turn_change_nothing(scene, account):
    with pytest.raises(RotationRefused, match="Begin with a second"):
        flow.promote(ALICE, account, everywhere=False)
    flow.create(ALICE, account)
    with pytest.raises(RotationRefused, match="not yet due"):
        flow.promote(ALICE, account, everywhere=False)
    with pytest.raises(RotationRefused, match="not the primary one yet"):
        flow.drop(ALICE, account)
    flow.verify(ALICE, account, scene.configuration)
    flow.promote(ALICE, account, everywhere=False)
    with pytest.raises(RotationRefused, match="is done"):
        flow.give_up(ALICE, account)
    assert stored(account)[0] == at_twilio(scene)[0]


def test_only_one_at_a_time_gets_past(scene, account):
    flow.create(ALICE, account)
    TokenRotation.objects.update(begun="verified", changed_at=clock.now())
    with pytest.raises(RotationRefused, match="Somebody is at this step"):
        flow.verify(ALICE, account, scene.configuration)
    with later(30):
        flow.verify(ALICE, account, scene.configuration)
    assert step_of(account) == ("verified", "")


# --- Cut off ---


def test_a_second_token_whose_value_was_lost_is_deleted_and_made_anew(scene, account, monkeypatch):
    with monkeypatch.context() as patch:
        lose(patch, "create_secondary")
        with pytest.raises(tokens.Unclear):
            flow.create(ALICE, account)
    lost = at_twilio(scene)[1]
    assert lost
    assert step_of(account) == ("started", "created")
    deleted = []
    real = tokens.delete_secondary
    monkeypatch.setattr(tokens, "delete_secondary", lambda *args: (deleted.append(1), real(*args)))
    flow.create(ALICE, account)
    assert deleted
    assert at_twilio(scene)[1] not in ("", lost)
    assert stored(account) == at_twilio(scene)


def test_a_lost_answer_to_promote_is_settled_by_asking_which_token_works(scene, account, monkeypatch):
    until_verified(account)
    old, second = stored(account)
    lose(monkeypatch, "promote")
    flow.promote(ALICE, account, everywhere=False)
    assert stored(account) == (second, old)
    assert at_twilio(scene) == (second, "")
    assert step_of(account) == ("promoted", "")


def test_a_promotion_that_twilio_may_yet_do_stays_open_and_is_asked_for_again(scene, account, monkeypatch):
    until_verified(account)
    with monkeypatch.context() as patch:
        lose(patch, "promote", after=False)
        with pytest.raises(tokens.Unclear):
            flow.promote(ALICE, account, everywhere=False)
    assert step_of(account) == ("verified", "promoted")
    flow.promote(ALICE, account, everywhere=False)
    assert at_twilio(scene)[0] == stored(account)[0]
    assert step_of(account) == ("promoted", "")


def test_a_promotion_that_was_killed_is_followed_by_the_round(scene, account):
    until_verified(account)
    old, second = stored(account)
    TokenRotation.objects.update(begun="promoted", changed_at=clock.now())
    tokens.promote(account, old)
    assert rounds.work() == 0, "somebody may be at it"
    with later(30):
        assert rounds.work() == 1
    assert stored(account) == (second, old)
    assert step_of(account) == ("promoted", "")


def test_a_promotion_that_never_reached_twilio_is_given_back_after_a_minute(scene, account):
    until_verified(account)
    TokenRotation.objects.update(begun="promoted", changed_at=clock.now())
    with later(30):
        rounds.work()
        assert step_of(account) == ("verified", "promoted"), "Twilio may do it yet"
    with later(90):
        rounds.work()
    assert step_of(account) == ("verified", "")
    flow.promote(ALICE, account, everywhere=False)
    assert at_twilio(scene)[0] == stored(account)[0]


def test_giving_up_that_was_cut_off_is_finished_by_the_round(scene, account, monkeypatch):
    until_verified(account)
    with monkeypatch.context() as patch:
        lose(patch, "delete_secondary")
        with pytest.raises(tokens.Unclear):
            flow.give_up(ALICE, account)
    assert step_of(account) == ("verified", "given_up")
    with later(30):
        assert rounds.work() == 1
    assert step_of(account) == ("given_up", "")
    assert stored(account)[1] == ""


def test_giving_up_that_dies_after_twilio_deleted_the_token_is_finished_by_the_round(scene, account, tmp_path):
    until_verified(account)
    old = stored(account)[0]
    failpoints.arm("rotation.deleted:raise:hit=1", tmp_path)
    try:
        with pytest.raises(failpoints.Failed):
            flow.give_up(ALICE, account)
    finally:
        failpoints.arm("", tmp_path)
    assert step_of(account) == ("verified", "given_up")
    with later(30):
        assert rounds.work() == 1
    assert step_of(account) == ("given_up", "")
    assert stored(account) == at_twilio(scene) == (old, "")


def test_giving_up_what_was_promoted_meanwhile_is_refused_and_followed(scene, account):
    until_verified(account)
    old, second = stored(account)
    TokenRotation.objects.update(begun="promoted", problem="no answer")
    tokens.promote(account, old)
    with pytest.raises(RotationRefused, match="Too late"):
        flow.give_up(ALICE, account)
    assert stored(account) == (second, old)
    assert step_of(account)[0] == "promoted"


def test_nothing_new_is_begun_while_a_promotion_is_open(scene, account):
    until_verified(account)
    TokenRotation.objects.update(begun="promoted", problem="no answer")
    with pytest.raises(RotationRefused, match="Finish that one first"):
        flow.create(ALICE, account)


# --- What others did at Twilio ---


def test_a_second_token_deleted_in_the_console_is_made_anew(scene, account):
    until_verified(account)
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "drop_secondary"})
    with pytest.raises(RotationRefused, match="Make a new one"):
        flow.promote(ALICE, account, everywhere=False)
    assert step_of(account) == ("started", "")
    until_verified(account)
    flow.promote(ALICE, account, everywhere=False)
    assert stored(account)[0] == at_twilio(scene)[0]


def test_a_token_promoted_in_the_console_is_followed(scene, account):
    flow.create(ALICE, account)
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "promote"})
    assert flow.verify(ALICE, account, scene.configuration) is None
    assert step_of(account) == ("promoted", "")
    assert stored(account)[0] == at_twilio(scene)[0]


def test_a_second_token_that_is_stored_and_works_is_taken(scene, account):
    found = scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "secondary"})
    typed = credentials.Typed(account.account_sid, secondary_token=found["secondary_auth_token"])
    credentials.save(ALICE, credentials.prepare(account.tenant, typed))
    flow.create(ALICE, account)
    assert at_twilio(scene)[1] == found["secondary_auth_token"] == stored(account)[1]


def test_tokens_stored_the_wrong_way_round_are_put_right(scene, account):
    found = scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "secondary"})
    primary, second = found["auth_token"], found["secondary_auth_token"]
    typed = credentials.Typed(account.account_sid, auth_token=second, secondary_token=primary)
    account = credentials.save(ALICE, credentials.prepare(account.tenant, typed))
    flow.create(ALICE, account)
    assert stored(account) == (primary, second)


def test_a_second_token_nobody_knows_is_deleted_only_when_asked_to(scene, account):
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "secondary"})
    theirs = at_twilio(scene)[1]
    with pytest.raises(flow.UnknownSecond, match="delete it and make a new one"):
        flow.create(ALICE, account)
    assert step_of(account) == ("started", "")
    assert at_twilio(scene)[1] == theirs
    flow.create(ALICE, account, replace=True)
    assert stored(account) == at_twilio(scene)


def test_tokens_that_are_all_dead_are_said_to_be(scene, account):
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "primary"})
    with pytest.raises(RotationRefused, match="refuses every token"):
        flow.create(ALICE, account)
    assert "refuses every token" in flow.current(account).problem


def test_a_busy_twilio_is_no_lost_answer(scene, account):
    scene.sandbox.fault("http_429", count=1, match={"operation": "tokens"})
    with pytest.raises(TwilioProblem) as raised:
        flow.create(ALICE, account)
    assert not isinstance(raised.value, tokens.Unclear)
    assert step_of(account) == ("started", "")
    scene.sandbox.fault("http_500_after_accept", count=1, match={"operation": "tokens"})
    with pytest.raises(tokens.Unclear):
        flow.create(ALICE, account)
    assert step_of(account) == ("started", "created")


# --- Used elsewhere ---


@pytest.fixture
def elsewhere(cast, scene):
    """Globex holds the same Twilio account by credentials of its own."""
    theirs = make_account(cast.globex, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    make_configuration(cast.globex, make_trunk("Theirs"), theirs, name="Theirs")
    return theirs


def test_a_tenant_may_not_promote_what_is_used_elsewhere(scene, account, elsewhere):
    until_verified(account)
    before = at_twilio(scene)
    with pytest.raises(flow.UsedElsewhere, match="Ask a system administrator"):
        flow.promote(ALICE, account, everywhere=False)
    assert at_twilio(scene) == before
    assert step_of(account) == ("verified", "")
    found = rows.elsewhere(account)
    assert (found.configurations, found.trunks, found.names) == (1, 0, ("Globex: Theirs",))


def test_the_system_counts_as_elsewhere(scene, account):
    make_trunk("Shared", account=make_account(None, sid=account.account_sid))
    until_verified(account)
    with pytest.raises(flow.UsedElsewhere):
        flow.promote(ALICE, account, everywhere=False)


def test_promoted_for_all_every_row_in_use_gets_the_new_token(cast, scene, account, elsewhere):
    idle = make_account(None, sid=account.account_sid)
    until_verified(account)
    old, second = stored(account)
    breaker.hold(Configuration.objects.get(account=elsewhere).pk, "20003")
    flow.promote(Actor("root@portal.example"), account, everywhere=True)
    assert stored(account) == stored(elsewhere) == (second, old)
    assert stored(idle)[0] != second, "nobody uses it, so nobody gets a token by it"
    assert AuditEntry.objects.filter(tenant=cast.globex, action="sms.account.token_promoted").count() == 1
    assert not Configuration.objects.get(account=elsewhere).held_reason
    flow.drop(ALICE, account)
    assert stored(elsewhere) == (second, "")


# --- Texts meanwhile ---


def test_a_refusal_during_a_promotion_holds_nothing(scene, account):
    until_verified(account)
    TokenRotation.objects.update(begun="promoted")
    assert not breaker.hold(scene.configuration.pk, "20003", account.version)
    TokenRotation.objects.update(begun="")
    account.refresh_from_db()
    assert breaker.hold(scene.configuration.pk, "20003", account.version)


def test_the_former_token_goes_a_minute_after_the_new_one_was_seen(scene, account):
    until_verified(account)
    flow.promote(ALICE, account, everywhere=False)
    assert rounds.work() == 0
    TokenRotation.objects.update(seen_at=clock.now())
    with later(30):
        assert rounds.work() == 0
    with later(61):
        assert rounds.work() == 1
    assert stored(account)[1] == ""
    assert TokenRotation.objects.get().step == RotationStep.FINISHED


def test_an_account_without_a_configuration_is_rotated_too(scene, account):
    configuring.delete(PORTAL, scene.configuration)
    flow.create(ALICE, account)
    assert flow.verify(ALICE, account, rows.users_of(account).first()) is None
    flow.promote(ALICE, account, everywhere=False)
    assert stored(account)[0] == at_twilio(scene)[0]
