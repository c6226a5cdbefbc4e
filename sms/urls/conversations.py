"""Addresses of conversations."""

from django.urls import path

from sms.views import conversations, handing_over

_at = "t/<slug:slug>/conversations/"

# /t/<slug>/conversations/
urlpatterns = [
    path(_at, conversations.conversation_list, name="conversation_list"),
    path(f"{_at}new/way/", conversations.conversation_way, name="conversation_way"),
    path(f"{_at}new/", conversations.conversation_new, name="conversation_new"),
    path(f"{_at}<hexid:conversation_id>/", conversations.conversation_detail, name="conversation_detail"),
    path(f"{_at}<hexid:conversation_id>/send/", conversations.conversation_send, name="conversation_send"),
    path(f"{_at}<hexid:conversation_id>/read/", conversations.conversation_read, name="conversation_read"),
    path(f"{_at}<hexid:conversation_id>/name/", conversations.conversation_name, name="conversation_name"),
    path(f"{_at}<hexid:conversation_id>/take/", handing_over.conversation_take, name="conversation_take"),
    path(f"{_at}<hexid:conversation_id>/give/", handing_over.conversation_give, name="conversation_give"),
    path(f"{_at}<hexid:conversation_id>/release/", handing_over.conversation_release, name="conversation_release"),
]
