"""System administrators: who they are, invite another, switch off, remove."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants import accounts, administrators, clock
from tenants.access import SignedInRequest, system_view
from tenants.forms_accounts import AdministratorForm
from tenants.views import once

LIST = "tenants:administrator_list"
SHOWN = 200


@system_view
def administrator_list(request: SignedInRequest) -> HttpResponse:
    """List system administrators and waiting invitations."""
    rows = list(administrators.administrators().order_by("name", "email")[:SHOWN])
    secured = accounts.with_second_factor(rows)
    context = {
        "rows": [
            {"user": user, "second_factor": user.pk in secured, "me": user.pk == request.user.pk} for user in rows
        ],
        "invitations": administrators.pending()[:SHOWN],
        "now": clock.now(),
        "shown": once.shown(request),
    }
    return render(request, "tenants/administrator_list.html", context)


@system_view
def administrator_new(request: SignedInRequest) -> HttpResponse:
    """Invite another system administrator."""
    form = AdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited = administrators.invite(request.actor, email=form.cleaned_data["email"])
        except administrators.AdministratorError as error:
            form.add_error("email", str(error))
        else:
            page = reverse(LIST)
            shown = once.Shown(invited.link, invited.invitation.email, invited.mailed)
            return once.hand_over(redirect(page), page, shown)
    return render(request, "tenants/administrator_new.html", {"form": form})


@system_view
@require_POST
def administrator_withdraw(request: SignedInRequest, administrator_invitation_id: UUID) -> HttpResponse:
    """Withdraw a waiting invitation."""
    invitation = get_object_or_404(administrators.pending(), pk=administrator_invitation_id)
    administrators.withdraw(request.actor, invitation)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect(LIST)


@system_view
@require_POST
def administrator_toggle(request: SignedInRequest, user_id: UUID) -> HttpResponse:
    """Let a system administrator sign in, or not."""
    user = get_object_or_404(administrators.administrators(), pk=user_id)
    try:
        administrators.set_enabled(request.actor, user, request.POST.get("on") == "1")
    except administrators.AdministratorError as error:
        messages.error(request, str(error))
    return redirect(LIST)


@system_view
def administrator_remove(request: SignedInRequest, user_id: UUID) -> HttpResponse:
    """Ask, then take the right away."""
    user = get_object_or_404(administrators.administrators(), pk=user_id)
    if request.method != "POST":
        return render(request, "tenants/administrator_remove.html", {"person": user})
    try:
        administrators.remove(request.actor, user)
    except administrators.AdministratorError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)s is no system administrator any more.") % {"name": user})
    return redirect(LIST)
