"""Say where a change of an Auth Token stands: what is done, what comes next, and what it means."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from sms.models import RotationStep, TokenRotation, TwilioAccount
from sms.rotating import flow, marking, rows

_ORDER = (RotationStep.STARTED, RotationStep.CREATED, RotationStep.VERIFIED, RotationStep.PROMOTED)
CREATE, VERIFY, PROMOTE, DROP, GIVE_UP = "create", "verify", "promote", "drop", "give_up"
_BEGUN = {
    RotationStep.CREATED: CREATE,
    RotationStep.VERIFIED: VERIFY,
    RotationStep.PROMOTED: PROMOTE,
    RotationStep.GIVEN_UP: GIVE_UP,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the wizard."""

    key: str
    number: int
    title: str
    text: str
    button: str
    icon: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Where it stands."""

    rotation: TokenRotation | None
    steps: tuple[Step, ...]
    elsewhere: rows.Elsewhere
    is_asking: bool
    # The step whose outcome is not known, to be done again: Twilio is asked first.
    unsettled: str
    may_give_up: bool
    last: TokenRotation | None

    @property
    def is_waiting(self) -> bool:
        """Whether something may change by itself soon."""
        is_promoted = self.rotation is not None and self.rotation.step == RotationStep.PROMOTED
        return self.is_asking or is_promoted


def show(account: TwilioAccount) -> Shown:
    """Return where an account's change of token stands."""
    latest = account.rotations.first()
    rotation = latest if latest is not None and latest.finished_at is None else None
    at = _ORDER.index(RotationStep(rotation.step)) if rotation else 0
    is_asking = rotation is not None and marking.is_asking(rotation)
    begun = _BEGUN.get(RotationStep(rotation.begun), "") if rotation and rotation.begun else ""
    return Shown(
        rotation=rotation,
        steps=tuple(_steps(account, rotation, at)),
        elsewhere=rows.elsewhere(account),
        is_asking=is_asking,
        unsettled="" if is_asking else begun,
        may_give_up=rotation is not None and rotation.step in flow.UNPROMOTED and not is_asking,
        last=latest if rotation is None else None,
    )


def _steps(account: TwilioAccount, rotation: TokenRotation | None, at: int) -> list[Step]:
    first, second = account.auth_token_last4, account.secondary_token_last4
    promoted = at >= _ORDER.index(RotationStep.PROMOTED)
    texts = [
        (
            CREATE,
            _("Make a second token"),
            _("It ends in %s. Webhooks signed with either token are accepted now.") % (first if promoted else second)
            if at > 0
            else _("Twilio makes a second Auth Token beside the one that ends in %s. Both work from then on.") % first,
            _("Make second token"),
            "key-round",
        ),
        (
            VERIFY,
            _("Verify it"),
            _("It authenticates at Twilio, and what is signed with it is accepted here.")
            if at > 1
            else _("The portal tries it at Twilio, and sends its own webhook a call signed with it."),
            _("Verify"),
            "circle-check-big",
        ),
        (
            PROMOTE,
            _("Promote it"),
            _("The token that ends in %s is the account's Auth Token now. The former one is dead at Twilio.") % first
            if promoted
            else _("It becomes the account's Auth Token. At that moment the old one is dead at Twilio; texts go on."),
            _("Promote"),
            "arrow-up",
        ),
        (DROP, _("Drop the old one"), _drop_text(rotation, promoted), _("Drop it now"), "trash-2"),
    ]
    return [
        Step(key, number + 1, title, text, button, icon, is_done=number < at, is_current=number == at)
        for number, (key, title, text, button, icon) in enumerate(texts)
    ]


def _drop_text(rotation: TokenRotation | None, promoted: bool) -> str:
    if not promoted:
        return _("The old token stays accepted for webhooks until the first one signed with the new token has come.")
    if rotation is not None and rotation.seen_at is not None:
        return _("A webhook signed with the new token has come. The old one goes by itself within two minutes.")
    return _(
        "No webhook signed with the new token has come yet. Text one of your numbers, or wait: the old token goes by "
        "itself a minute after the first. By hand it goes at once."
    )
