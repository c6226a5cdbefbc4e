"""Addresses of invitations; the link itself is for everybody who holds it."""

from django.urls import path

from tenants.views import invitations

urlpatterns = [
    path("invitation/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
    path(
        "t/<slug:slug>/invitations/<hexid:invitation_id>/renew/", invitations.invitation_renew, name="invitation_renew"
    ),
    path(
        "t/<slug:slug>/invitations/<hexid:invitation_id>/withdraw/",
        invitations.invitation_withdraw,
        name="invitation_withdraw",
    ),
]
