"""Invitations: a tenant's administrators make them, invited people accept them."""

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from tenants import administrators, invitations
from tenants.access import TenantRequest, public_view, tenant_view
from tenants.forms_accounts import FirstAdministratorForm, NewPersonForm
from tenants.forms_members import InvitationForm
from tenants.models import AdministratorInvitation, Invitation, User
from tenants.roles import Permission
from tenants.views import once

LIST = "tenants:member_list"


@tenant_view(Permission.MEMBERS_MANAGE)
def member_new(request: TenantRequest) -> HttpResponse:
    """Invite a person; the list then shows the link once."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited = invitations.invite(request.actor, request.tenant, **form.cleaned_data)
        except invitations.MembershipError as error:
            form.add_error(error.field, str(error))
        else:
            return _show(request, invited)
    return render(request, "tenants/member_new.html", {"form": form})


@tenant_view(Permission.MEMBERS_MANAGE)
@require_POST
def invitation_renew(request: TenantRequest, invitation_id: UUID) -> HttpResponse:
    """Make a new link for a waiting invitation."""
    invitation = get_object_or_404(invitations.pending(request.tenant), pk=invitation_id)
    return _show(request, invitations.renew(request.actor, invitation))


@tenant_view(Permission.MEMBERS_MANAGE)
@require_POST
def invitation_withdraw(request: TenantRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw a waiting invitation."""
    invitation = get_object_or_404(invitations.pending(request.tenant), pk=invitation_id)
    invitations.withdraw(request.actor, invitation)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect(LIST, request.tenant.slug)


def _show(request: TenantRequest, invited: invitations.Invited) -> HttpResponse:
    page = reverse(LIST, args=[request.tenant.slug])
    return once.hand_over(redirect(page), page, once.Shown(invited.link, invited.invitation.email, invited.mailed))


# --- those who are invited ---


@public_view
@never_cache
@sensitive_post_parameters("password")
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Let the holder of a one-time link in: the first administrator, another one, or a member."""
    try:
        if administrators.is_first_link(token):
            return _first_administrator(request, token)
        for_system = administrators.find(token)
        if for_system is not None:
            return _person(request, token, for_system, {"for_system": True})
        invitation = invitations.find(token)
        context = {"invitation": invitation, "place": invitation.tenant}
        return _person(request, token, invitation, context, shortest=invitation.tenant.password_min_length)
    except (invitations.InvitationError, invitations.MembershipError) as error:
        return render(request, "tenants/invitation_closed.html", {"tenant": None, "reason": str(error)}, status=410)


def _first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for e-mail, name and password, and make the first system administrator."""
    administrators.check_first_link(token)
    form = FirstAdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = administrators.accept_first(token, **form.cleaned_data)
        except invitations.InvitationError as error:
            form.add_error("email", str(error))
        else:
            return _welcome(request, user, reverse("tenants:tenant_list"))
    return render(request, "tenants/first_administrator.html", {"tenant": None, "form": form})


def _person(
    request: HttpRequest,
    token: str,
    invitation: Invitation | AdministratorInvitation,
    context: dict[str, Any],
    *,
    shortest: int = 0,
) -> HttpResponse:
    """Ask a new person for name and password; ask a known one to sign in, then to accept."""
    context |= {"tenant": None, "invitation": invitation, "here": request.get_full_path()}
    if isinstance(request.user, User):
        return _signed_in(request, token, invitation, context)
    if User.objects.filter(email=invitation.email).exists():
        return render(request, "tenants/invitation_sign_in.html", context)
    name = {"name": getattr(invitation, "name", "")}
    form = NewPersonForm(request.POST or None, initial=name, email=invitation.email, shortest=shortest)
    if request.method == "POST" and form.is_valid():
        user, place = _accept(token, invitation, **form.cleaned_data)
        return _welcome(request, user, place)
    return render(request, "tenants/invitation_new_person.html", context | {"form": form})


def _signed_in(
    request: HttpRequest, token: str, invitation: Invitation | AdministratorInvitation, context: dict[str, Any]
) -> HttpResponse:
    user = request.user
    if not isinstance(user, User) or user.email != invitation.email:
        return render(request, "tenants/invitation_other_person.html", context)
    if request.method != "POST":
        return render(request, "tenants/invitation_confirm.html", context)
    _user, place = _accept(token, invitation, user=user)
    messages.success(request, _("Welcome."))
    return redirect(place)


def _accept(token: str, invitation: Invitation | AdministratorInvitation, **fields: Any) -> tuple[User, str]:
    """Accept, and return the user with the place to go to."""
    if isinstance(invitation, AdministratorInvitation):
        return administrators.accept(token, **fields), reverse("tenants:tenant_list")
    member = invitations.accept(token, **fields)
    return member.user, member.tenant.get_absolute_url()


def _welcome(request: HttpRequest, user: User, place: str) -> HttpResponse:
    """Sign a new person in, who has just proved the password by choosing it."""
    login(request, user)
    reauthenticate_by_password(request)
    messages.success(request, _("Welcome, %(name)s.") % {"name": user})
    return redirect(place)
