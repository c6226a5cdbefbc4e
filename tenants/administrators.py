"""System administrators: the first one's link, invitations to more, switched off, removed. Never without one."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenants import audit, clock, letters, links, tokens
from tenants.audit import Actor
from tenants.invitations import InvitationError
from tenants.models import AdministratorInvitation, PeriodicRun, User

_SALT = "tenants.first_administrator"
_FIRST_LINK_SECONDS = 24 * 3600


class AdministratorError(Exception):
    """A change to system administrators that is not possible; the text says what to do."""


@dataclass(frozen=True, slots=True)
class InvitedAdministrator:
    """An invitation with its link, which is known only now, and whether a mail has left."""

    invitation: AdministratorInvitation
    link: str
    mailed: bool


def administrators() -> QuerySet[User]:
    """Return the system administrators."""
    return User.objects.filter(is_system_administrator=True)


def exist() -> bool:
    """Whether anybody can administer the system."""
    return administrators().filter(is_active=True).exists()


# --- the first one ---


def first_administrator_link() -> str | None:
    """Return a link that makes its first opener a system administrator; None as soon as there is one."""
    if exist():
        return None
    return links.absolute("tenants:invitation_accept", signing.dumps("first", salt=_SALT))


def is_first_link(token: str) -> bool:
    """Whether a token is of the kind that `first_administrator_link` makes."""
    return ":" in token


def check_first_link(token: str) -> None:
    """Raise InvitationError unless the link can still be used."""
    if exist():
        raise InvitationError(_("This link has been used: there is a system administrator. Sign in instead."))
    try:
        signing.loads(token, salt=_SALT, max_age=_FIRST_LINK_SECONDS)
    except signing.BadSignature as error:
        text = _("This link is not valid or older than a day. Restart the portal: it prints a new one.")
        raise InvitationError(text) from error


@transaction.atomic
def accept_first(token: str, *, email: str, name: str, password: str) -> User:
    """Make the first system administrator.

    Raises:
        InvitationError: the link cannot be used, or the e-mail address has a sign-in already.
    """
    PeriodicRun.objects.get_or_create(name=_SALT)
    PeriodicRun.objects.select_for_update(no_key=True).get(name=_SALT)  # two openers at once: one is first
    check_first_link(token)
    email = email.strip().lower()
    if User.objects.filter(email=email).exists():
        raise InvitationError(_("%(email)s has a sign-in already. Use another address.") % {"email": email})
    return create_system_administrator(Actor(label=email), email=email, name=name, password=password)


@transaction.atomic
def create_system_administrator(actor: Actor, *, email: str, name: str = "", password: str | None = None) -> User:
    """Make a system administrator, or give the right to a person who has a sign-in."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, name=name)
    user.is_system_administrator = True
    user.is_active = True
    user.save(update_fields=["is_system_administrator", "is_active"])
    audit.record(actor, "tenants.administrator.created", user, {"email": email}, tenant=None)
    return user


# --- more of them ---


def pending() -> QuerySet[AdministratorInvitation]:
    """Return the invitations that nobody has accepted yet."""
    return AdministratorInvitation.objects.filter(accepted_at=None)


def invite(actor: Actor, *, email: str) -> InvitedAdministrator:
    """Invite a person to be a system administrator; an older invitation of the same person stops working.

    Raises:
        AdministratorError: the person is one already.
    """
    email = email.strip().lower()
    if administrators().filter(email=email).exists():
        raise AdministratorError(_("%(email)s is a system administrator already.") % {"email": email})
    token = tokens.make()
    with transaction.atomic():
        pending().filter(email=email).delete()
        invitation = AdministratorInvitation.objects.create(
            email=email,
            token_digest=tokens.digest(token),
            invited_by=actor.label,
            expires_at=clock.now() + timedelta(days=settings.INVITATION_DAYS),
        )
        audit.record(actor, "tenants.administrator.invited", invitation, tenant=None)
    link = links.absolute("tenants:invitation_accept", token)
    context = {"invitation": invitation, "link": link, "days": settings.INVITATION_DAYS}
    mailed = letters.send(email, _("Administrator of SMS Portal"), "tenants/mail/administrator_invitation.txt", context)
    return InvitedAdministrator(invitation, link, mailed)


@transaction.atomic
def withdraw(actor: Actor, invitation: AdministratorInvitation) -> None:
    """Delete a waiting invitation: its link stops working."""
    audit.record(actor, "tenants.administrator.invitation_withdrawn", invitation, tenant=None)
    invitation.delete()


def find(token: str) -> AdministratorInvitation | None:
    """Return the usable invitation of a token; None when the token is not of this kind.

    Raises:
        InvitationError: used or expired.
    """
    invitation = AdministratorInvitation.objects.filter(token_digest=tokens.digest(token)).first()
    if invitation is None:
        return None
    if invitation.accepted_at is not None:
        raise InvitationError(_("This link has been used. Sign in with your e-mail address."))
    if invitation.expires_at <= clock.now():
        raise InvitationError(_("This link has expired. Ask for a new one."))
    return invitation


@transaction.atomic
def accept(token: str, *, user: User | None = None, name: str = "", password: str = "") -> User:
    """Make the invited person a system administrator; without `user` a new user with that password.

    Raises:
        InvitationError: the link cannot be used, or not by this user.
    """
    invitation = find(token)
    taken = AdministratorInvitation.objects.filter(token_digest=tokens.digest(token), accepted_at=None)
    if invitation is None or not taken.update(accepted_at=clock.now()):
        raise InvitationError(_("This link is not valid. Ask for a new one."))
    if user is None and User.objects.filter(email=invitation.email).exists():
        raise InvitationError(_("%(email)s has a sign-in already. Sign in first.") % {"email": invitation.email})
    if user is not None and user.email != invitation.email:
        raise InvitationError(_("This invitation is for %(email)s.") % {"email": invitation.email})
    return create_system_administrator(
        Actor(label=invitation.email, user=user), email=invitation.email, name=name, password=password
    )


# --- fewer ---


@transaction.atomic
def set_enabled(actor: Actor, user: User, enabled: bool) -> None:
    """Let a system administrator sign in, or not: he is out with his next click.

    Raises:
        AdministratorError: he is the last one, or yourself.
    """
    if not enabled:
        _refuse_last(actor, user)
    if administrators().filter(pk=user.pk, is_active=not enabled).update(is_active=enabled):
        action = f"tenants.administrator.{'enabled' if enabled else 'disabled'}"
        audit.record(actor, action, user, tenant=None)


@transaction.atomic
def remove(actor: Actor, user: User) -> None:
    """Take the right away; the sign-in stays for the tenants the person belongs to.

    Raises:
        AdministratorError: he is the last one, or yourself.
    """
    _refuse_last(actor, user)
    administrators().filter(pk=user.pk).update(is_system_administrator=False)
    user.manage_sessions.filter(left_at=None).update(left_at=clock.now())
    audit.record(actor, "tenants.administrator.removed", user, tenant=None)


def _refuse_last(actor: Actor, user: User) -> None:
    if actor.user is not None and actor.user.pk == user.pk:
        raise AdministratorError(_("You cannot do this to yourself. Ask another system administrator."))
    able = list(administrators().select_for_update(no_key=True).filter(is_active=True).order_by("pk"))
    if not [other for other in able if other.pk != user.pk]:
        raise AdministratorError(_("%(name)s is the last system administrator.") % {"name": user})
