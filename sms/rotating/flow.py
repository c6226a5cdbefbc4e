"""Change an account's Auth Token at Twilio, a step at a time; whatever was lost on the way, Twilio is asked.

Before each call that changes something, the row says so (`begun`). A step that finds that said asks first which of the
stored tokens works, and whether it is the primary one: nothing is ever concluded from an answer that did not come.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sms.models import Configuration, RotationStep, TokenRotation, TwilioAccount
from sms.rotating import rows
from sms.rotating.marking import RotationRefused, advance, begin, busy, noted, write
from sms.setup import configuring, selftest
from sms.twilio import tokens
from sms.twilio.errors import Problem, TwilioProblem
from sms.webhooks import registry, signature
from tenants import audit, clock, hints, secrets
from tenants.audit import Actor
from tenants.failpoints import failpoint

# So long after the call, what Twilio has not done it will not do any more.
_CERTAIN_SECONDS = 60.0
UNPROMOTED = (RotationStep.STARTED, RotationStep.CREATED, RotationStep.VERIFIED)


class UsedElsewhere(RotationRefused):
    """The account is used elsewhere in the installation, and who asks may not decide for all."""


class UnknownSecond(RotationRefused):
    """Twilio has a second token already, whose value nobody here knows."""


def current(account: TwilioAccount) -> TokenRotation | None:
    """Return the rotation that is under way."""
    return account.rotations.filter(finished_at=None).select_related("account").first()


# --- The steps ---


def create(actor: Actor, account: TwilioAccount, *, replace: bool = False) -> TokenRotation:
    """Make a second token at Twilio and store it; one that is stored and works is taken. Begins a rotation.

    `replace` deletes a second token at Twilio that nobody here knows.

    Raises:
        RotationRefused: it was not made, and why.
        TwilioProblem: Twilio could not be asked, or gave no clear answer.
    """
    rotation = current(account) or _started(actor, account)
    account.refresh_from_db()
    rotation.account = account
    replace = replace or rotation.begun == RotationStep.CREATED
    begin(rotation, RotationStep.CREATED, UNPROMOTED)
    with noted(rotation, keeps=tokens.Unclear):
        found = _look(account)
        if rotation.step != RotationStep.STARTED and found.is_promoted:
            _promoted(actor, rotation, found.second_token)
            return rotation
        secret = _second(actor, account, found, replace=replace)
        failpoint("rotation.created")
        with transaction.atomic():
            advance(rotation, RotationStep.CREATED)
            rows.store_second(account, secret)
            audit.record(actor, "sms.account.second_token_made", account, tenant=account.tenant)
    return rotation


def _second(actor: Actor, account: TwilioAccount, found: "_Found", *, replace: bool) -> str:
    """Return a token that works at Twilio beside the primary one: a stored one, if it does, else a new one."""
    if found.is_promoted:
        # Somebody changed the token in the console, and the new one was typed here as the second.
        _swap(actor, account)
        return found.first_token if found.first.works else _made(account, replace=replace)
    if not found.first.works:
        raise RotationRefused(_dead())
    return found.second_token if found.second.works else _made(account, replace=replace)


def _started(actor: Actor, account: TwilioAccount) -> TokenRotation:
    try:
        with transaction.atomic():
            return TokenRotation.objects.create(account=account, made_by=actor.label)
    except IntegrityError:
        raise RotationRefused(busy()) from None


def _made(account: TwilioAccount, *, replace: bool) -> str:
    first = secrets.open(account, "auth_token")
    if replace:
        tokens.delete_secondary(account, first)
    try:
        return tokens.create_secondary(account, first)
    except tokens.Unclear:
        raise
    except TwilioProblem as problem:
        if problem.kind != Problem.FAILED:
            raise
        raise UnknownSecond(
            _(
                "Twilio did not make a second token: %s Most often there is one already, made in the console, and "
                "only who made it knows it. If nobody uses it, delete it and make a new one."
            )
            % problem
        ) from problem


def verify(actor: Actor, account: TwilioAccount, configuration: Configuration | None) -> selftest.Outcome | None:
    """Prove that the second token authenticates at Twilio and that what is signed with it is taken here.

    Returns how far the signed call came through the public address; None without a configuration to call.

    Raises:
        RotationRefused: the token does not work, here or there.
        TwilioProblem: Twilio could not be asked.
    """
    rotation = _open(account)
    begin(rotation, RotationStep.VERIFIED, (RotationStep.CREATED, RotationStep.VERIFIED))
    with noted(rotation):
        found = _look(account)
        if found.is_promoted:
            _promoted(actor, rotation, found.second_token)
            return None
        if not found.second.works:
            write(rotation, step=RotationStep.STARTED)
            raise RotationRefused(_lost())
        outcome = _signed_call(configuration, found.second_token) if configuration else None
        failpoint("rotation.verified")
        with transaction.atomic():
            advance(rotation, RotationStep.VERIFIED)
            facts = {"webhook": str(outcome.reached)} if outcome else {}
            audit.record(actor, "sms.account.second_token_verified", account, facts, tenant=account.tenant)
    return outcome


def _lost() -> str:
    return _("The second token does not work at Twilio any more: somebody deleted or replaced it. Make a new one.")


def _signed_call(configuration: Configuration, token: str) -> selftest.Outcome:
    """Call our own webhook with the token. What cannot arrive at all is no fault of the token: it is checked here."""
    configuration.account.refresh_from_db()
    url = configuring.webhook_url(configuration, overrides=False)
    entry = registry.find(configuring.live_key(configuration).key, fresh=True)
    signed = signature.sign(url, b"", token)
    matches = entry is not None and any(
        given.strip() and signature.sign(url, b"", given) == signed for given in entry.tokens
    )
    if not matches:
        raise RotationRefused(_("Webhooks signed with the second token would be refused here. Make a new one."))
    outcome = selftest.run(configuration, token)
    if outcome.arrived and not outcome.is_here:
        raise RotationRefused(selftest.explain(outcome))
    return outcome


def promote(actor: Actor, account: TwilioAccount, *, everywhere: bool) -> TokenRotation:
    """Make the second token the primary one, at Twilio and here; the former dies at Twilio at that moment.

    With `everywhere`, every row of the account in the installation gets the new token.

    Raises:
        UsedElsewhere: others live by the account, and `everywhere` is not allowed.
        RotationRefused: it was not done, and why.
        TwilioProblem: Twilio could not be asked, or gave no clear answer.
    """
    rotation = _open(account)
    if not everywhere and rows.elsewhere(account):
        raise UsedElsewhere(
            _(
                "This Twilio account is also used elsewhere in this installation, by credentials that you do not "
                "manage. With the old token they would stop. Ask a system administrator to promote it."
            )
        )
    with transaction.atomic():
        begin(rotation, RotationStep.PROMOTED, (RotationStep.VERIFIED,))
        if everywhere:
            rows.share_second(account, secrets.open(account, "secondary_token"))
    failpoint("rotation.promoting")
    with noted(rotation, keeps=TwilioProblem):
        if not _settled(actor, rotation):
            _call_promote(actor, rotation)
    return rotation


def _call_promote(actor: Actor, rotation: TokenRotation) -> None:
    account = rotation.account
    try:
        token = tokens.promote(account, secrets.open(account, "auth_token"))
    except TwilioProblem as problem:
        # It may have been done all the same, or been done before.
        if _settled(actor, rotation, certain=not isinstance(problem, tokens.Unclear)):
            return
        raise
    failpoint("rotation.promoted")
    _promoted(actor, rotation, token)


def _settled(actor: Actor, rotation: TokenRotation, *, certain: bool = False) -> bool:
    """Ask Twilio which token works now; returns whether the second one is the primary one, here as well.

    Raises:
        RotationRefused: it is not, and cannot become it.
    """
    account = rotation.account
    found = _look(account)
    if found.is_promoted:
        _promoted(actor, rotation, found.second_token)
        return True
    if not found.second.works:
        write(rotation, step=RotationStep.STARTED)
        raise RotationRefused(_lost() if found.first.works else _dead())
    if certain:
        write(rotation, begun="")
    return False


def _promoted(actor: Actor, rotation: TokenRotation, token: str) -> None:
    """Follow Twilio: one transaction for every row, so that no worker and no webhook sees half of it."""
    account = rotation.account
    with transaction.atomic():
        advance(rotation, RotationStep.PROMOTED)
        changed = rows.put_first(account, secrets.open(account, "secondary_token"), token)
        for row in changed:
            audit.record(actor, "sms.account.token_promoted", row, tenant=row.tenant)
            configuring.release_held(actor, row)
    hints.hint("send")


def drop(actor: Actor, account: TwilioAccount) -> None:
    """Forget the former token: webhooks signed with it are refused from then on. Ends the rotation.

    Raises:
        RotationRefused: the new token is not the primary one yet.
    """
    rotation = _open(account)
    with transaction.atomic():
        row = TokenRotation.objects.filter(pk=rotation.pk, step=RotationStep.PROMOTED, finished_at=None)
        if not row.update(step=RotationStep.FINISHED, finished_at=clock.now(), changed_at=clock.now(), problem=""):
            raise RotationRefused(_("The new token is not the primary one yet. Promote it first."))
        rows.drop_former(account)
        audit.record(actor, "sms.account.former_token_dropped", account, tenant=account.tenant)


def give_up(actor: Actor, account: TwilioAccount) -> None:
    """Delete the second token at Twilio and here; the account is as it was before. Ends the rotation.

    Raises:
        RotationRefused: the second token is the primary one by now.
        TwilioProblem: Twilio could not be asked, or gave no clear answer.
    """
    rotation = _open(account)
    was_begun, had_step = rotation.begun, rotation.step
    begin(rotation, RotationStep.GIVEN_UP, UNPROMOTED)
    with noted(rotation, keeps=TwilioProblem):
        found = _look(account)
        if found.is_promoted:
            _promoted(actor, rotation, found.second_token)
            raise RotationRefused(_("Too late: at Twilio, the second token is the primary one already."))
        if found.first.works and (was_begun or had_step != RotationStep.STARTED):
            tokens.delete_secondary(account, found.first_token)
        failpoint("rotation.deleted")
        with transaction.atomic():
            advance(rotation, RotationStep.GIVEN_UP, finished_at=clock.now())
            if had_step != RotationStep.STARTED:
                rows.drop_second(account, found.second_token)
            audit.record(actor, "sms.account.rotation_given_up", account, tenant=account.tenant)


def settle(rotation: TokenRotation) -> bool:
    """Go on, as the portal, where somebody's promotion or giving up was cut off; returns whether it came to an end.

    Raises:
        RotationRefused: it cannot be done, and why.
        TwilioProblem: Twilio could not be asked, or gave no clear answer.
    """
    account, begun = rotation.account, rotation.begun
    if begun == RotationStep.GIVEN_UP:
        give_up(audit.PORTAL, account)
        return True
    certain = rotation.changed_at <= clock.in_seconds(-_CERTAIN_SECONDS * settings.TIME_SCALE)
    with noted(rotation, keeps=TwilioProblem):
        return _settled(audit.PORTAL, rotation, certain=certain)


# --- Who works, who does not ---


@dataclass(frozen=True, slots=True)
class _Found:
    first_token: str
    second_token: str
    first: tokens.Standing
    second: tokens.Standing

    @property
    def is_promoted(self) -> bool:
        """Whether the second token is the primary one at Twilio."""
        return self.second.works and (bool(self.second.is_primary) or not self.first.works)


def _look(account: TwilioAccount) -> _Found:
    """Ask Twilio about both stored tokens."""
    first, second = secrets.open(account, "auth_token"), secrets.open(account, "secondary_token")
    return _Found(first, second, tokens.standing(account, first), tokens.standing(account, second))


def _swap(actor: Actor, account: TwilioAccount) -> None:
    """Put the tokens the way round that Twilio has them."""
    with transaction.atomic():
        second = secrets.open(account, "secondary_token")
        for row in rows.put_first(account, second, second):
            audit.record(actor, "sms.account.token_promoted", row, tenant=row.tenant)


def _dead() -> str:
    return _(
        "Twilio refuses every token stored here. Copy the account's Auth Token from the console, press Replace token, "
        "and begin again."
    )


def _open(account: TwilioAccount) -> TokenRotation:
    rotation = current(account)
    if rotation is None:
        raise RotationRefused(_("No change of the token is under way. Begin with a second token."))
    account.refresh_from_db()
    rotation.account = account
    return rotation
