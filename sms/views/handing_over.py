"""A conversation taken, given to a member or a group, or released."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from sms import conversations, handing_over
from sms.handing_over import Takers
from sms.models import Conversation
from tenants.access import TenantRequest, tenant_view
from tenants.models import Group, Member
from tenants.roles import Permission


class GiveForm(forms.Form):
    """To whom a conversation is given."""

    to = forms.ChoiceField(
        label=gettext_lazy("Give it to"),
        help_text=gettext_lazy("A group gives it on by its own way of sharing, to somebody who is available."),
        error_messages={
            "required": gettext_lazy("Choose a member or a group."),
            "invalid_choice": gettext_lazy("Choose one of these members or groups: the other is gone, or not yours."),
        },
    )

    def __init__(self, *args: Any, takers: Takers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows: list[Member | Group] = [*takers.members, *takers.groups]
        self._takers = {row.pk.hex: row for row in rows}
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)  # noqa: S101 - for the type checker
        to.choices = [
            ("", _("Choose…")),
            (_("Members"), _named(takers.members)),
            (_("Groups"), _named(takers.groups)),
        ]

    @property
    def chosen(self) -> Member | Group:
        """Who was chosen."""
        return self._takers[self.cleaned_data["to"]]


def _named(rows: Sequence[Member | Group]) -> list[tuple[str, str]]:
    return [(row.pk.hex, str(row)) for row in rows]


def _conversation(request: TenantRequest, conversation_id: uuid.UUID) -> Conversation:
    rows = conversations.visible_to(request.tenant, request.member)
    return get_object_or_404(rows.select_related("assigned_to__user", "assigned_group"), pk=conversation_id)


def _back(request: TenantRequest, conversation: Conversation) -> str:
    """Return to the thread, or to the list when it is no longer the visitor's to see."""
    seen = conversations.visible_to(request.tenant, request.member).filter(pk=conversation.pk)
    if seen.exists():
        return reverse("sms:conversation_detail", args=[request.tenant.slug, conversation.pk])
    return reverse("sms:conversation_list", args=[request.tenant.slug])


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def conversation_take(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Take a conversation in hand."""
    conversation = _conversation(request, conversation_id)
    if request.member is not None:
        handing_over.give_to_member(request.actor, conversation, request.member)
        messages.success(request, _("You have this conversation now."))
    return redirect(_back(request, conversation))


@tenant_view(Permission.MESSAGES_SEND)
def conversation_give(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Ask to whom a conversation is to be given; give it."""
    conversation = _conversation(request, conversation_id)
    form = GiveForm(request.POST or None, takers=handing_over.takers(request.tenant, request.member))
    if request.method == "POST" and form.is_valid():
        to = form.chosen
        if isinstance(to, Member):
            handing_over.give_to_member(request.actor, conversation, to)
            given = str(to)
        else:
            given = handing_over.give_to_group(request.actor, conversation, to)
        messages.success(request, _("Given to %s.") % given)
        return redirect(_back(request, conversation))
    context = {"form": form, "conversation": conversation, "history": handing_over.history(conversation)}
    return render(request, "sms/conversation_give.html", context)


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def conversation_release(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Take a conversation from whoever has it."""
    conversation = _conversation(request, conversation_id)
    handing_over.release(request.actor, conversation)
    messages.success(request, _("Nobody has this conversation now."))
    return redirect(_back(request, conversation))
