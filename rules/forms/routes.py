"""The rows of routes: by which SMS configuration a text leaves, and what is done to its number on the way.

Their order on the page is the order in which they are tried.
"""

import re
import uuid
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.changing.drafts import RouteDraft
from rules.e164 import NumberError, format_for_people, parse_number
from rules.forms.choices import offer
from rules.forms.targets import in_order
from rules.models import OutboundRule, Strategy
from rules.senders import SenderIdError, check_sender_id
from tenants.models import Tenant

if TYPE_CHECKING:
    from sms.models import Configuration

ROUTES_AT_MOST = 6
HEAVIEST = 1000
_PREPEND = re.compile(r"\+?[0-9]{0,15}\Z")
_STRIP = gettext_lazy("Strip 0 to 9 digits.")
_WEIGHT = gettext_lazy("A weight is from 1 to 1000: a route of weight 2 is chosen twice as often as one of weight 1.")
_LETTER = re.compile(r"[A-Za-z]")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}\Z")


class RouteForm(forms.Form):
    """One route."""

    configuration = forms.ChoiceField(
        label=gettext_lazy("SMS configuration"),
        error_messages={"required": gettext_lazy("Choose the configuration of this route.")},
    )
    strip = forms.IntegerField(
        label=gettext_lazy("Strip digits"),
        min_value=0,
        max_value=9,
        initial=0,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _STRIP),
    )
    prepend = forms.CharField(
        label=gettext_lazy("Prepend"),
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "tel"}),
    )
    sender = forms.CharField(
        label=gettext_lazy("Sender"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("As usual")}),
    )
    weight = forms.IntegerField(
        label=gettext_lazy("Weight"),
        min_value=1,
        max_value=HEAVIEST,
        initial=1,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _WEIGHT),
        widget=forms.NumberInput(attrs={"data-shown-by": "strategy", "data-shown-for": Strategy.RANDOM.value}),
    )
    enabled = forms.BooleanField(label=gettext_lazy("On"), required=False, initial=True)

    def __init__(self, *args: Any, tenant: Tenant, configurations: "dict[str, Configuration]", **kwargs: Any) -> None:
        self.tenant, self.configurations = tenant, configurations
        super().__init__(*args, **kwargs)
        offer(self, "configuration", [("", _("Choose…")), *((key, _label(one)) for key, one in configurations.items())])

    def has_changed(self) -> bool:
        """Take a row that names no configuration, number or sender for an empty one."""
        return bool(set(self.changed_data) & {"configuration", "prepend", "sender"})

    def clean_prepend(self) -> str:
        """Take digits only."""
        text = re.sub(r"[\s().-]+", "", str(self.cleaned_data["prepend"]))
        if not _PREPEND.match(text):
            raise ValidationError(_("Write digits only, at most 15, such as 1 or 0044."))
        return text

    def clean(self) -> dict[str, Any]:
        """Check that the sender can be used by the chosen configuration."""
        data = super().clean() or {}
        chosen = self.configurations.get(str(data.get("configuration") or ""))
        if chosen is not None and data.get("sender"):
            data["sender"] = self._sender(str(data["sender"]).strip(), chosen)
        return data

    def _sender(self, text: str, configuration: "Configuration") -> str:
        """Return the sender as it is stored: a number of the configuration's trunk, its service, or a Sender ID."""
        if _SERVICE.match(text):
            return self._service(text, configuration)
        try:
            if _LETTER.search(text):
                return check_sender_id(text)
            number = parse_number(text, self.tenant.country)
        except (NumberError, SenderIdError) as error:
            self.add_error("sender", str(error))
            return ""
        held = self.tenant.phone_numbers.filter(released_at=None, e164=number, pool__trunk=configuration.trunk_id)
        if not held.exists():
            words = {"number": format_for_people(number), "trunk": configuration.trunk.name}
            self.add_error("sender", _("%(number)s is not among your numbers on %(trunk)s.") % words)
        return number

    def _service(self, sid: str, configuration: "Configuration") -> str:
        if sid != configuration.messaging_service_sid:
            text = _("%(configuration)s does not have the Messaging Service %(service)s: enter it there first.")
            self.add_error("sender", text % {"configuration": configuration.name, "service": sid})
        return sid

    @property
    def draft(self) -> RouteDraft | None:
        """What is to be stored; None for a row left empty."""
        data = self.cleaned_data
        if not data.get("configuration"):
            return None
        return RouteDraft(
            configuration=uuid.UUID(data["configuration"]),
            strip=data.get("strip") or 0,
            prepend=data.get("prepend") or "",
            sender=data.get("sender") or "",
            enabled=bool(data.get("enabled")),
            weight=data.get("weight") or 1,
        )


class RouteRows(forms.BaseFormSet[RouteForm]):
    """All routes of a rule, in the order in which they are tried: at least one that is on, where any is needed."""

    def __init__(self, *args: Any, needed: bool, **kwargs: Any) -> None:
        self.needed = needed
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        """Check the rows together."""
        if any(self.errors) or not self.needed:
            return
        if not self.drafts:
            raise ValidationError(_("Add at least one route: the SMS configuration that these texts leave by."))
        if not any(draft.enabled for draft in self.drafts):
            raise ValidationError(_("Every route is off: turn at least one on, or turn the whole rule off."))

    @property
    def drafts(self) -> list[RouteDraft]:
        """The rows that are filled in and not removed, in their order."""
        return [draft for form in in_order(self.forms) if (draft := form.draft)]


def route_rows(tenant: Tenant, rule: OutboundRule | None, data: Any = None, *, needed: bool = True) -> RouteRows:
    """Make the rows of a rule: those it has, and empty ones to fill in; one that refuses texts has none `needed`."""
    initial = [_initial(route) for route in rule.routes.all()] if rule and not data else []
    make: Any = forms.formset_factory(
        RouteForm,
        formset=RouteRows,
        extra=0 if data else 1,
        can_delete=True,
        can_order=True,
        max_num=ROUTES_AT_MOST,
        validate_max=True,
    )
    choices = {one.id.hex: one for one in tenant.configurations.filter(deleted_at=None).select_related("trunk")}
    kwargs = {"tenant": tenant, "configurations": choices}
    return cast(RouteRows, make(data, initial=initial, prefix="routes", form_kwargs=kwargs, needed=needed))


def _initial(route: Any) -> dict[str, Any]:
    return {
        "configuration": route.configuration_id.hex,
        "strip": route.strip,
        "prepend": route.prepend,
        "sender": format_for_people(route.sender),
        "enabled": route.enabled,
        "weight": route.weight,
    }


def _label(configuration: "Configuration") -> str:
    return configuration.name if configuration.enabled else _("%s (disabled)") % configuration.name
