"""SMS configurations: the list, the form with four fields, details, delete."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules.changing.usual import usual_rules
from sms.errors import explain
from sms.forms.configurations import ConfigurationForm
from sms.forms.imports import ReadSinceForm
from sms.health import showing as health
from sms.lists import list_state
from sms.models import Configuration, TwilioAccount
from sms.queueing import breaker
from sms.setup import configuring, connecting, guide
from sms.showing import remedies
from sms.twilio.account_words import IN_REGION, REGION_NAMES, Result, consequence, describe, trial_note
from sms.twilio.accounts import GOOD, Finding
from sms.twilio.client import is_sandbox
from sms.twilio.errors import TwilioProblem
from sms.views.trunks import may_add
from tenants import clock, keyset, returning
from tenants.access import TenantRequest, can, tenant_view
from tenants.models import User
from tenants.roles import Permission


def found(request: TenantRequest) -> QuerySet[Configuration]:
    """Return the tenant's configurations with what their pages show."""
    rows = request.tenant.configurations.filter(deleted_at=None).select_related("tenant", "trunk", "account")
    return rows.prefetch_related("webhook_keys")


def one(request: TenantRequest, configuration_id: uuid.UUID) -> Configuration:
    """Return one configuration of the tenant."""
    return get_object_or_404(found(request), pk=configuration_id)


def _list_url(request: TenantRequest, selected: Configuration | None = None) -> str:
    url = reverse("sms:configuration_list", args=[request.tenant.slug])
    return f"{url}?selected={selected.pk.hex}" if selected else url


@tenant_view(Permission.CONFIGURATIONS_VIEW)
def configuration_list(request: TenantRequest) -> HttpResponse:
    """List the SMS configurations."""
    text = request.GET.get("q", "").strip()
    rows = _with_refusals(found(request))
    if text:
        match = Q(name__icontains=text) | Q(trunk__name__icontains=text) | Q(sender_id__icontains=text)
        rows = rows.filter(match | Q(account__account_sid__iexact=text))
    page = keyset.page(rows, request, at="name", descending=request.GET.get("sort") == "-name")
    lights = health.worst(page.rows)
    context = {
        "rows": [_row(request, row) | {"light": lights.get(row.pk)} for row in page.rows],
        "address_problem": next(filter(None, map(configuring.address_problem, page.rows)), ""),
        "polls": any(map(configuring.is_polling, page.rows)),
        "page": page,
        "q": text,
        "may_edit": can(request, Permission.CONFIGURATIONS_EDIT),
        "may_copy": can(request, Permission.WEBHOOK_COPY),
    }
    return render(request, "sms/configuration_list.html", context)


def _with_refusals(rows: QuerySet[Configuration]) -> QuerySet[Any]:
    """Count for each configuration the requests refused since its last text."""
    newer = Q(refused_requests__created_at__gt=F("last_in_at")) | Q(last_in_at=None)
    return rows.annotate(refused_count=Count("refused_requests", filter=newer))


def _row(request: TenantRequest, configuration: Any) -> dict[str, Any]:
    copyable = can(request, Permission.WEBHOOK_COPY) and not configuring.address_problem(configuration)
    return {
        "configuration": configuration,
        "state": connecting.webhook_state(configuration, configuration.refused_count),
        "copy": configuring.webhook_url(configuration) if copyable else None,
        "sandbox": is_sandbox(configuration.account.account_sid),
    }


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_new(request: TenantRequest) -> HttpResponse:
    """Add an SMS configuration; without a trunk, say how to get one."""
    trunks = configuring.trunk_choices(request.tenant)
    if not trunks:
        return render(request, "sms/configuration_no_trunk.html", _who_adds_trunks(request))
    first = not request.tenant.configurations.filter(deleted_at=None).exists()
    usable = [trunk for trunk, reason in trunks if not reason]
    form = ConfigurationForm(
        request.POST or None,
        tenant=request.tenant,
        trunks=trunks,
        typed_by=request.user.pk,
        offers_rules=first,
        initial={"trunk": request.GET.get("trunk") or (usable[0].pk.hex if usable else "")},
    )
    finding = None
    if request.method == "POST" and form.is_valid():
        finding = connecting.try_out(request.tenant, form.typed()) if form.has_credentials else None
        if may_save(request, finding) and (made := _added(request, form, finding)) is not None:
            return redirect(returning.after(request, _list_url(request, made)))
    return render(request, "sms/configuration_form.html", _form_context(request, form, finding))


def may_save(request: TenantRequest, finding: Finding | None) -> bool:
    """Save what Twilio accepts; what it does not, only knowingly."""
    return finding is None or finding.is_good or "save_anyway" in request.POST


def _who_adds_trunks(request: TenantRequest) -> dict[str, Any]:
    administrators = User.objects.filter(is_system_administrator=True, is_active=True).order_by("email")
    return {"may_add_trunk": may_add(request), "administrators": administrators[:5]}


def _form_context(request: TenantRequest, form: ConfigurationForm, finding: Finding | None) -> dict[str, Any]:
    operators = [trunk for trunk in form.trunks.values() if trunk.account] if form.configuration is None else []
    return {
        "form": form,
        "configuration": form.configuration,
        "operators": operators,
        "statements": guide.for_page(guide.FORM, request.tenant),
        "may_add_trunk": may_add(request),
    } | finding_context(finding)


def finding_context(finding: Finding | None) -> dict[str, Any]:
    """Return what a form says about credentials that Twilio did not take, with what saving them would do."""
    if finding is None or finding.is_good:
        return {}
    return {
        "finding": finding,
        "finding_text": describe(finding.result, finding.detail),
        "finding_consequence": consequence(finding.result),
        "finding_region": REGION_NAMES.get(finding.better_region, ""),
    }


def _added(request: TenantRequest, form: ConfigurationForm, finding: Finding | None) -> Configuration | None:
    data = form.cleaned_data
    typed = form.typed() if form.has_credentials else None
    try:
        made = configuring.add(
            request.actor,
            request.tenant,
            trunk=data["trunk"],
            account_sid=typed.account_sid if typed else "",
            auth_token=(typed.auth_token or "") if typed else "",
            sender_id=data["sender_id"],
            name=data["name"],
            enabled=data["enabled"],
            messaging_service_sid=data["messaging_service_sid"],
            unknown_policy=data["unknown_policy"],
            finding=finding,
            **_more(form),
        )
    except configuring.ConfigurationRefused as error:
        form.add_error(error.field, str(error))
        return None
    _after_saving(request, made, finding, with_rules=bool(data.get("usual_rules")))
    return made


def _more(form: ConfigurationForm) -> dict[str, str | None]:
    typed = form.typed()
    names = ("secondary_token", "api_key_sid", "api_key_secret", "region", "edge")
    return {name: getattr(typed, name) for name in names}


def _after_saving(request: TenantRequest, made: Configuration, finding: Finding | None, *, with_rules: bool) -> None:
    """Say what Twilio said, look which numbers it really has, and add the usual rules if they were wanted."""
    if with_rules:
        usual_rules(request.actor, request.tenant, made, request.member)
    say(request, made, finding)
    if finding is None or finding.is_good:
        try:
            connecting.mark_verified(made)
        except TwilioProblem:
            return


def say(request: TenantRequest, configuration: Configuration, finding: Finding | None) -> None:
    """Tell what was saved and what Twilio said about the account."""
    if finding is None:
        messages.success(request, _("“%s” was saved.") % configuration.name)
        return
    text = describe(finding.result, finding.detail)
    if not finding.is_good:
        messages.warning(request, _("“%(name)s” was saved. %(text)s") % {"name": configuration.name, "text": text})
        return
    name = finding.friendly_name or configuration.account.account_sid
    messages.success(request, _("Saved. Twilio knows the account: %s.") % name)
    if note := trial_note(finding.account_type):
        messages.warning(request, note)
    if finding.result == Result.KEY_LIMITED:
        messages.info(request, describe(finding.result))


@tenant_view(Permission.CONFIGURATIONS_VIEW)
def configuration_detail(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show one configuration: webhook, account, numbers, what came and went."""
    configuration = one(request, configuration_id)
    refused = connecting.refused_since_last_text(configuration)
    context = {
        "configuration": configuration,
        "account": configuration.account,
        "state": connecting.webhook_state(configuration, refused),
        "refused_count": refused,
        "held": _held(request, configuration),
        "slowed": _is_slowed(configuration),
        "stopped_senders": breaker.stopped_senders(configuration),
        **account_context(configuration.account),
        "numbers": configuring.numbers_of(configuration)[:50],
        "now": clock.now(),
        "may_edit": can(request, Permission.CONFIGURATIONS_EDIT),
    }
    context |= health.state_of(configuration) | list_state.of(configuration) | {"since_form": ReadSinceForm()}
    return render(request, "sms/configuration_detail.html", context | webhook_context(request, configuration))


def account_context(account: TwilioAccount) -> dict[str, Any]:
    """Return what the last check of an account said, and what follows from it."""
    region = IN_REGION.get(Result(account.check_result), "") if account.check_result in set(Result) else ""
    return {
        "finding_text": describe(account.check_result),
        "good": account.check_result in GOOD,
        "trial": trial_note(account.account_type),
        "region_name": REGION_NAMES.get(account.region, account.region),
        "better_region": region,
        "better_region_name": REGION_NAMES.get(region, ""),
    }


def _is_slowed(configuration: Configuration) -> bool:
    """Whether Twilio has lately asked the account to slow down."""
    account = configuration.account
    return account.concurrency is not None or (account.slow_until is not None and account.slow_until > clock.now())


def webhook_context(request: TenantRequest, configuration: Configuration) -> dict[str, Any]:
    """Return the webhook's addresses for those who may copy them."""
    sandbox = is_sandbox(configuration.account.account_sid)
    if not can(request, Permission.WEBHOOK_COPY):
        return {"sandbox_account": sandbox, "may_copy": False}
    former = [key for key in configuration.webhook_keys.all() if key.retires_at and key.retires_at > clock.now()]
    return {
        "sandbox_account": sandbox,
        "may_copy": True,
        "address_problem": configuring.address_problem(configuration),
        "webhook_url": configuring.webhook_url(configuration),
        "fallback_url": configuring.fallback_url(configuration),
        "former_keys": former,
    }


def _held(request: TenantRequest, configuration: Configuration) -> remedies.Problem | None:
    """Return why sending is stopped, with who must act and the button for this visitor."""
    if not configuration.held_at:
        return None
    # Without a code of Twilio's the reason is a word of ours: its answer was 401 or the like.
    code = configuration.held_reason if configuration.held_reason.isdigit() else ""
    return remedies.of(request, explain(code, 401), configuration=configuration)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_edit(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Change a configuration; the trunk stays."""
    configuration = one(request, configuration_id)
    form = ConfigurationForm(
        request.POST or None,
        tenant=request.tenant,
        trunks=[],
        configuration=configuration,
        typed_by=request.user.pk,
    )
    finding = None
    if request.method == "POST" and form.is_valid():
        finding = connecting.try_out(request.tenant, form.typed()) if form.has_credentials else None
        if may_save(request, finding) and _changed(request, form, configuration, finding):
            return redirect(_list_url(request, configuration))
    return render(request, "sms/configuration_form.html", _form_context(request, form, finding))


def _changed(
    request: TenantRequest, form: ConfigurationForm, configuration: Configuration, finding: Finding | None
) -> bool:
    data = form.cleaned_data
    fields = {name: data[name] for name in ("sender_id", "enabled", "messaging_service_sid", "unknown_policy")}
    fields["name"] = data["name"] or configuration.name
    typed = form.typed() if form.has_credentials else None
    try:
        configuring.change(request.actor, configuration, fields=fields, typed=typed, finding=finding)
    except configuring.ConfigurationRefused as error:
        form.add_error(error.field, str(error))
        return False
    say(request, configuration, finding)
    return True


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_toggle(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Enable or disable a configuration."""
    configuration = one(request, configuration_id)
    configuring.change(request.actor, configuration, fields={"enabled": request.POST.get("on") == "1"})
    return redirect(_list_url(request, configuration))


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_delete(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Delete a configuration: waiting texts are canceled, its webhook ends."""
    configuration = one(request, configuration_id)
    if request.method == "POST":
        canceled = configuring.delete(request.actor, configuration)
        messages.success(request, _("“%s” was deleted.") % configuration.name)
        if canceled:
            messages.warning(request, _("%d waiting texts were canceled.") % canceled)
        return redirect(_list_url(request))
    context = {
        "configuration": configuration,
        "waiting_count": configuring.waiting(configuration)[:1001].count(),
        "pointing": connecting.open_changes(configuration),
        "routes": configuration.outbound_routes.select_related("rule")[:20],
    }
    return render(request, "sms/configuration_delete.html", context)
