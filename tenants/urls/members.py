"""Addresses of members and groups."""

from django.urls import path

from tenants.views import groups, invitations, members

urlpatterns = [
    path("t/<slug:slug>/members/", members.member_list, name="member_list"),
    path("t/<slug:slug>/members/new/", invitations.member_new, name="member_new"),
    path("t/<slug:slug>/members/<hexid:member_id>/", members.member_detail, name="member_detail"),
    path("t/<slug:slug>/members/<hexid:member_id>/edit/", members.member_edit, name="member_edit"),
    path("t/<slug:slug>/members/<hexid:member_id>/delete/", members.member_delete, name="member_delete"),
    path("t/<slug:slug>/groups/", groups.group_list, name="group_list"),
    path("t/<slug:slug>/groups/new/", groups.group_new, name="group_new"),
    path("t/<slug:slug>/groups/<hexid:group_id>/edit/", groups.group_edit, name="group_edit"),
    path("t/<slug:slug>/groups/<hexid:group_id>/delete/", groups.group_delete, name="group_delete"),
]
