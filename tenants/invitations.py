"""Invitations to a tenant: made, mailed or shown once, renewed, withdrawn, accepted. The token is never stored."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, letters, links, tokens
from tenants.audit import Actor
from tenants.models import Invitation, Member, Tenant, User
from tenants.models.members import SendingRight
from tenants.roles import Role


class MembershipError(Exception):
    """A change to members that is not possible; the text says what to do, `field` where it belongs."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class InvitationError(Exception):
    """A link that cannot be used (any more); the text says why."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation with its link, which is known only now, and whether a mail has left."""

    invitation: Invitation
    link: str
    mailed: bool


def invite(
    actor: Actor,
    tenant: Tenant,
    *,
    email: str,
    name: str = "",
    role: str = Role.AGENT,
    extension: str = "",
    sending_right: str = SendingRight.NONE,
) -> Invited:
    """Invite a person by e-mail address.

    Raises:
        MembershipError: already a member, already invited, the extension is taken, or no more members are allowed.
    """
    invitation, token = prepare(
        actor, tenant, email=email, name=name, role=role, extension=extension, sending_right=sending_right
    )
    return mail(invitation, token)


@transaction.atomic
def prepare(actor: Actor, tenant: Tenant, *, email: str, extension: str = "", **fields: Any) -> tuple[Invitation, str]:
    """Store an invitation without mailing it yet; returns it with its token."""
    tenant = lock(tenant)
    email = email.strip().lower()
    _refuse_known(tenant, email)
    _refuse_too_many(tenant, waiting=pending(tenant).count())
    refuse_taken_extension(tenant, extension)
    token = tokens.make()
    invitation = Invitation.objects.create(
        tenant=tenant,
        email=email,
        extension=extension,
        token_digest=tokens.digest(token),
        invited_by=actor.label,
        expires_at=_expiry(),
        **fields,
    )
    audit.record(actor, "tenants.invitation.created", invitation, {"role": invitation.role}, tenant=tenant)
    return invitation, token


def mail(invitation: Invitation, token: str) -> Invited:
    """Mail the link if mail is set up; outside of any transaction, because mail servers can be slow."""
    link = links.absolute("tenants:invitation_accept", token)
    context = {"invitation": invitation, "tenant": invitation.tenant, "link": link, "days": settings.INVITATION_DAYS}
    subject = _("Your invitation to %(tenant)s") % {"tenant": invitation.tenant.name}
    mailed = letters.send(invitation.email, subject, "tenants/mail/invitation.txt", context)
    if mailed:
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=clock.now())
    return Invited(invitation, link, mailed)


def renew(actor: Actor, invitation: Invitation) -> Invited:
    """Make a new link for a waiting invitation; the former link stops working."""
    token = tokens.make()
    with transaction.atomic():
        invitation.token_digest = tokens.digest(token)
        invitation.expires_at = _expiry()
        invitation.save(update_fields=["token_digest", "expires_at"])
        audit.record(actor, "tenants.invitation.renewed", invitation, tenant=invitation.tenant)
    return mail(invitation, token)


@transaction.atomic
def withdraw(actor: Actor, invitation: Invitation) -> None:
    """Delete a waiting invitation: its link stops working."""
    audit.record(actor, "tenants.invitation.withdrawn", invitation, tenant=invitation.tenant)
    invitation.delete()


def pending(tenant: Tenant) -> Any:
    """Return the invitations that nobody has accepted yet, expired ones included."""
    return tenant.invitations.filter(accepted_at=None)


def find(token: str) -> Invitation:
    """Return the invitation of a link.

    Raises:
        InvitationError: unknown, used, expired, or its tenant is closed.
    """
    invitation = Invitation.objects.filter(token_digest=tokens.digest(token)).select_related("tenant").first()
    if invitation is None:
        raise InvitationError(_("This link is not valid, or it was replaced by a newer one. Ask for a new link."))
    if invitation.accepted_at is not None:
        raise InvitationError(_("This link has been used. Sign in with your e-mail address."))
    if invitation.expires_at <= clock.now():
        raise InvitationError(_("This link has expired. Ask for a new one."))
    if not invitation.tenant.is_open:
        raise InvitationError(_("This company is switched off at the moment. Ask for help there."))
    return invitation


@transaction.atomic
def accept(token: str, *, user: User | None = None, name: str = "", password: str = "") -> Member:
    """Make the invited person a member; without `user` a new user with that password.

    Raises:
        InvitationError: the link cannot be used, or not by this user.
        MembershipError: no more members are allowed.
    """
    invitation = find(token)
    tenant = lock(invitation.tenant)
    invitation = find(token)  # another click may have been quicker
    _refuse_too_many(tenant)
    user = user or _new_user(invitation, name, password)
    if user.email != invitation.email:
        raise InvitationError(_("This invitation is for %(email)s.") % {"email": invitation.email})
    if tenant.members.filter(user=user).exists():
        raise InvitationError(_("You are a member already. Sign in with your e-mail address."))
    member = tenant.members.create(
        user=user,
        name=name or invitation.name or user.name,
        role=invitation.role,
        extension="" if _extension_is_taken(tenant, invitation.extension) else invitation.extension,
        sending_right=invitation.sending_right,
    )
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=clock.now())
    audit.record(
        Actor(label=user.email, user=user, member=member),
        "tenants.member.joined",
        member,
        {"role": member.role, "invited_by": invitation.invited_by},
        tenant=tenant,
    )
    return member


def lock(tenant: Tenant) -> Tenant:
    """Hold the tenant's row until the transaction ends, so that two changes to its members follow each other."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def refuse_taken_extension(tenant: Tenant, extension: str, *, but: Member | None = None) -> None:
    """Raise MembershipError when another member, or a waiting invitation, has the extension."""
    waiting = bool(extension) and pending(tenant).filter(extension=extension, expires_at__gt=clock.now()).exists()
    if waiting or _extension_is_taken(tenant, extension, but=but):
        text = _("Extension %(extension)s is taken. Choose another number.") % {"extension": extension}
        raise MembershipError(text, "extension")


def _extension_is_taken(tenant: Tenant, extension: str, *, but: Member | None = None) -> bool:
    others = tenant.members.exclude(pk=but.pk) if but else tenant.members.all()
    return bool(extension) and others.filter(extension=extension).exists()


def _new_user(invitation: Invitation, name: str, password: str) -> User:
    if User.objects.filter(email=invitation.email).exists():
        raise InvitationError(_("%(email)s has a sign-in already. Sign in first.") % {"email": invitation.email})
    return User.objects.create_user(invitation.email, password, name=name)


def _refuse_known(tenant: Tenant, email: str) -> None:
    if tenant.members.filter(user__email=email).exists():
        raise MembershipError(_("%(email)s is a member already.") % {"email": email}, "email")
    if pending(tenant).filter(email=email).exists():
        text = _("%(email)s is invited already. Make a new link in the list of invitations.")
        raise MembershipError(text % {"email": email}, "email")


def _refuse_too_many(tenant: Tenant, waiting: int = 0) -> None:
    if tenant.members.count() + waiting >= tenant.max_members:
        text = _(
            "%(tenant)s may have %(most)d members, waiting invitations included. "
            "Remove one, or ask your system administrator for more."
        )
        raise MembershipError(text % {"tenant": tenant.name, "most": tenant.max_members})


def _expiry() -> Any:
    return clock.now() + timedelta(days=settings.INVITATION_DAYS)
