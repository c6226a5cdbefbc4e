"""Conversations: the inbox, one thread with live update, writing."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from rules.e164 import format_for_people
from sms import conversations, outbound
from sms.composing import drafting, registration, writing
from sms.composing.choosing import Writer
from sms.models import Conversation, Direction
from sms.showing import log, threads
from tenants import keyset
from tenants.access import TenantRequest, can, tenant_view
from tenants.ids import new_id
from tenants.roles import Permission

_MAX_BODY = 1600
_INBOX = "inbox"


class MessageForm(forms.Form):
    """A text to a number."""

    to = forms.CharField(label=_("To"), max_length=40, help_text=_("A phone number, typed any way you like."))
    sender = forms.ChoiceField(label=_("From"), required=False)
    body = forms.CharField(
        label=_("Text"), max_length=_MAX_BODY, widget=forms.Textarea(attrs={"rows": 4, "data-segments": ""})
    )
    once = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, senders: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender"] = forms.ChoiceField(
            label=_("From"),
            required=False,
            choices=[("", _("Automatic (by your outbound rules)")), *((n, format_for_people(n)) for n in senders)],
        )


def _seen(request: TenantRequest) -> QuerySet[Conversation]:
    """Return the conversations of the inboxes that the visitor looks into."""
    rows = conversations.visible_to(request.tenant, request.member).select_related("assigned_to__user")
    rows = conversations.had_by(rows, request.member, request.GET.get("had_by", ""))
    return conversations.in_inbox(rows, request.member, request.GET.get("inbox", ""))


def _narrowed(rows: QuerySet[Conversation], request: TenantRequest) -> QuerySet[Conversation]:
    """Return those that fit the search box."""
    text = request.GET.get("q", "").strip()
    if not text:
        return rows
    digits = "".join(character for character in text if character.isdigit())
    match = Q(contact_name__icontains=text)
    if digits:
        # Who sees numbers masked finds them only whole: trying must not tell the hidden digits.
        unmasked = can(request, Permission.MESSAGES_UNMASKED)
        match |= Q(their_address__contains=digits) if unmasked else Q(their_address=f"+{digits}")
        match |= Q(our_address__contains=digits)
    return rows.filter(match)


def _inbox(request: TenantRequest) -> dict[str, Any]:
    seen = _seen(request)
    rows = conversations.with_unread(_narrowed(seen, request), request.member)
    if request.GET.get("unread"):
        rows = rows.filter(unread__gt=0)
    narrowed = request.GET.get("q", "").strip() or request.GET.get("unread")
    among = conversations.with_unread(seen, request.member) if narrowed else None
    return {
        "inbox": keyset.page(rows, request, at="last_message_at", size=30, among=among),
        "q": request.GET.get("q", ""),
        "only_unread": bool(request.GET.get("unread")),
        "inbox_chosen": request.GET.get("inbox", ""),
        "had_by": request.GET.get("had_by", ""),
    }


def _filters(request: TenantRequest) -> dict[str, Any]:
    """Return what the list can be narrowed to: the visitor's own inbox or a group's, and what is unread."""
    groups = conversations.groups_seen_by(request.tenant, request.member)
    own = [("mine", _("My inbox"))] if request.member else []
    context: dict[str, Any] = {"inboxes": [*own, *((group.id.hex, group.name) for group in groups)]}
    mine = [("me", gettext("Mine"))] if request.member else []
    context["holders"] = [*mine, ("none", gettext("Nobody’s"))]
    if request.member is not None:
        count = conversations.unread_count(request.tenant, request.member)
        context["unread_options"] = [("1", gettext("Unread (%d)") % count)]
    return context


@tenant_view(Permission.CONVERSATIONS_VIEW)
def conversation_list(request: TenantRequest) -> HttpResponse:
    """Show the inbox; live pages ask for its rows alone."""
    if request.htmx.target == _INBOX:
        return render(request, "sms/_inbox.html", _inbox(request))
    return render(request, "sms/conversation_list.html", _inbox(request) | _filters(request))


@tenant_view(Permission.CONVERSATIONS_VIEW)
def conversation_detail(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show one thread; live pages ask with the version they have and get 304 while nothing is new."""
    visible = conversations.visible_to(request.tenant, request.member)
    warns = can(request, Permission.MESSAGES_SEND) and (not request.htmx or request.htmx.boosted)
    rows = registration.with_state(visible) if warns else visible
    conversation = get_object_or_404(rows.select_related("assigned_to__user", "assigned_group"), pk=conversation_id)
    if request.htmx.target == _INBOX:
        return render(request, "sms/_inbox.html", _inbox(request) | {"conversation": conversation})
    etag = f'"{conversation.version}"'
    if request.htmx and request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    context = {
        "conversation": conversation,
        "thread": threads.page(conversation, request),
        "hindrance": _hindrance(request, conversation),
        "concern": registration.of_thread(conversation) if warns else None,
        "concern_may_go": not request.tenant.registered_us_only,
        "once": new_id().hex,
        "may_read": request.member is not None,
        "has_it": request.member is not None and conversation.assigned_to_id == request.member.pk,
    }
    if request.htmx and not request.htmx.boosted:
        response = render(request, "sms/_thread.html", context | {"of_fragment": True})
        response["ETag"] = etag
        return response
    context["draft"] = request.session.pop(f"draft-{conversation.id.hex}", None)
    return render(request, "sms/conversation_detail.html", context | _inbox(request) | _filters(request))


def _hindrance(request: TenantRequest, conversation: Conversation) -> writing.Hindrance | None:
    """Return what stands against writing; viewers are told what concerns the thread, not about a sending right."""
    writer = request.member if can(request, Permission.MESSAGES_SEND) else None
    return writing.hindrance(request.tenant, writer, conversation)


@tenant_view(Permission.MESSAGES_SEND)
def conversation_new(request: TenantRequest) -> HttpResponse:
    """Write to a number."""
    senders = writing.senders_of(request.tenant, request.member)
    initial = {"once": new_id().hex, "to": request.GET.get("to", "")} | _written_before(request)
    form, concern = MessageForm(request.POST or None, senders=senders, initial=initial), None
    if request.method == "POST" and form.is_valid():
        try:
            message = outbound.send(
                request.actor,
                request.tenant,
                to=form.cleaned_data["to"],
                body=form.cleaned_data["body"],
                sender=form.cleaned_data["sender"],
                member=request.member,
                author_label=str(request.member or request.user),
                idempotency_key=f"page-{form.cleaned_data['once']}",
                asks_first="anyway" not in request.POST,
            )
        except outbound.NotRegistered as error:
            concern = error
        except outbound.SendRefused as error:
            form.add_error("to" if error.code == "number" else None, str(error))
        else:
            return redirect("sms:conversation_detail", request.tenant.slug, message.conversation_id)
    hindrance = writing.hindrance(request.tenant, request.member)
    context: dict[str, Any] = {"form": form, "hindrance": hindrance}
    if concern is not None:
        context |= {"concern": concern.concern, "may_go": concern.may_go}
    return render(request, "sms/conversation_new.html", context)


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def conversation_way(request: TenantRequest) -> HttpResponse:
    """Say of a text that is being written from which sender it would go, and what speaks against that."""
    writer = Writer(request.member, request.POST.get("sender", ""))
    context: dict[str, Any] = {"may_go": not request.tenant.registered_us_only}
    try:
        # What is not written yet does not matter: the way depends on the words only where a rule asks for them.
        draft = drafting.check(request.tenant, writer, request.POST.get("to", ""), request.POST.get("body") or "…")
        context["way"] = draft.way
        if draft.way:
            context["concern"] = registration.of_way(draft.way.configuration, draft.way.choice.address, draft.way.to)
    except outbound.NotRegistered as error:
        context["concern"] = error.concern
    except outbound.SendRefused as error:
        context["refused"] = "" if error.code in ("number", "body") else str(error)
    return render(request, "sms/_way.html", context)


def _written_before(request: TenantRequest) -> dict[str, str]:
    """Return a text of ours that is to be written anew: the address names it, and it must be the visitor's to see."""
    asked = keyset.read_id(request.GET.get("again", ""))
    written = log.visible_to(request).filter(pk=asked, direction=Direction.OUT).first() if asked else None
    return {"to": written.their_address, "body": written.body} if written else {}


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def conversation_send(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Answer in a thread; a refused text stays in the box, with the reason."""
    conversation = get_object_or_404(conversations.visible_to(request.tenant, request.member), pk=conversation_id)
    body = request.POST.get("body", "")
    try:
        outbound.send(
            request.actor,
            request.tenant,
            to=conversation.their_address,
            body=body,
            conversation=conversation,
            member=request.member,
            author_label=str(request.member or request.user),
            idempotency_key=f"page-{request.POST.get('once') or new_id().hex}"[:255],
        )
    except outbound.SendRefused as error:
        request.session[f"draft-{conversation.id.hex}"] = {"body": body[:_MAX_BODY], "error": str(error)}
    return redirect("sms:conversation_detail", request.tenant.slug, conversation.id)


@require_POST
@tenant_view(Permission.CONVERSATIONS_VIEW)
def conversation_read(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Mark a thread as read by the visitor."""
    conversation = get_object_or_404(conversations.visible_to(request.tenant, request.member), pk=conversation_id)
    if request.member is not None:
        conversations.mark_read(conversation, request.member)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("sms:conversation_detail", request.tenant.slug, conversation.id)


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def conversation_name(request: TenantRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Give the person at the other end a name."""
    conversation = get_object_or_404(conversations.visible_to(request.tenant, request.member), pk=conversation_id)
    conversations.rename(conversation, request.POST.get("name", ""))
    messages.success(request, _("The name is saved."))
    return redirect("sms:conversation_detail", request.tenant.slug, conversation.id)
