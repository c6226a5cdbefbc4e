"""The wizard that changes an Auth Token: each press does one step, and says what happened and what is next."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from sms.models import Configuration, Trunk, TwilioAccount
from sms.rotating import flow, rows, showing
from sms.rotating.marking import RotationRefused
from sms.setup import selftest
from sms.twilio.errors import TwilioProblem
from sms.views.configurations import found
from tenants.access import SignedInRequest, TenantRequest, system_view, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def rotation(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Change the token of the tenant's own account."""
    configuration = get_object_or_404(found(request).filter(account__tenant=request.tenant), pk=configuration_id)
    return _wizard(request, configuration.account, configuration, {"configuration": configuration})


@system_view
def system_rotation(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Change the token of the operator's account on a shared trunk."""
    trunks = Trunk.objects.filter(deleted_at=None, tenant=None).select_related("account")
    trunk = get_object_or_404(trunks, pk=trunk_id)
    if trunk.account is None:
        messages.info(request, _("This trunk has no credentials yet."))
        return redirect("sms:system_trunk_account", trunk.pk)
    return _wizard(request, trunk.account, rows.users_of(trunk.account).first(), {"trunk": trunk})


def _wizard(
    request: SignedInRequest, account: TwilioAccount, configuration: Configuration | None, context: dict[str, object]
) -> HttpResponse:
    may_decide = request.user.is_system_administrator
    if request.method == "POST":
        query = _act(request, account, configuration, may_decide=may_decide)
        return redirect(f"{request.path}{query}")
    shown = showing.show(account)
    context |= {
        "account": account,
        "shown": shown,
        "rotation": shown.rotation,
        "users": rows.users_of(account).prefetch_related(None)[:20],
        "may_decide": may_decide,
        "blocked": bool(shown.elsewhere) and not may_decide,
        "offers_replacing": "unknown" in request.GET and shown.rotation is not None,
    }
    return render(request, "sms/rotation.html", context)


def _act(
    request: SignedInRequest, account: TwilioAccount, configuration: Configuration | None, *, may_decide: bool
) -> str:
    """Do the step that was pressed; returns what the page's address carries afterwards."""

    def create() -> str:
        flow.create(request.actor, account, replace="replace" in request.POST)
        return _("The second token is made and stored. Verify it next.")

    def verify() -> str:
        return _verified(request, flow.verify(request.actor, account, configuration))

    def promote() -> str:
        flow.promote(request.actor, account, everywhere=may_decide)
        return _("The new token is the account's Auth Token. Texts go on in both directions.")

    def drop() -> str:
        flow.drop(request.actor, account)
        return _("Done. The former token is forgotten.")

    def give_up() -> str:
        flow.give_up(request.actor, account)
        return _("Given up. The second token is deleted, and everything is as before.")

    steps: dict[str, Callable[[], str]] = {
        showing.CREATE: create,
        showing.VERIFY: verify,
        showing.PROMOTE: promote,
        showing.DROP: drop,
        showing.GIVE_UP: give_up,
    }
    step = steps.get(request.POST.get("step", ""))
    if step is None:
        return ""
    try:
        messages.success(request, step())
    except flow.UnknownSecond as problem:
        messages.error(request, str(problem))
        return "?unknown=1"
    except (RotationRefused, TwilioProblem) as problem:
        messages.error(request, str(problem))
    return ""


def _verified(request: SignedInRequest, outcome: selftest.Outcome | None) -> str:
    """Say what was proved; that the public address is not reached is no fault of the token."""
    if outcome is not None and not outcome.is_here:
        text = _("Your public address was not reached, so only this portal itself was asked. %s")
        messages.warning(request, text % selftest.explain(outcome))
    return _("The second token works. Promote it next.")
