"""Addresses of the system: tenants, Manage, administrators, mail."""

from django.urls import path

from tenants.views import administrators, mail, managing, removal, sending, system

urlpatterns = [
    path("system/tenants/", system.tenant_list, name="tenant_list"),
    path("system/tenants/new/", system.tenant_new, name="tenant_new"),
    path("system/tenants/deleted/", removal.tenant_deleted, name="tenant_deleted"),
    path("system/tenants/<hexid:tenant_id>/", system.tenant_detail, name="tenant_detail"),
    path("system/tenants/<hexid:tenant_id>/edit/", system.tenant_edit, name="tenant_edit"),
    path("system/tenants/<hexid:tenant_id>/delete/", removal.tenant_delete, name="tenant_delete"),
    path("system/tenants/<hexid:tenant_id>/restore/", removal.tenant_restore, name="tenant_restore"),
    path("system/tenants/<hexid:tenant_id>/toggle/", system.tenant_toggle, name="tenant_toggle"),
    path("system/tenants/<hexid:tenant_id>/manage/", managing.tenant_manage, name="tenant_manage"),
    path(
        "system/tenants/<hexid:tenant_id>/invitations/<hexid:invitation_id>/renew/",
        system.administrator_link,
        name="tenant_invitation_renew",
    ),
    path("t/<slug:slug>/leave/", managing.manage_leave, name="manage_leave"),
    path("system/administrators/", administrators.administrator_list, name="administrator_list"),
    path("system/administrators/new/", administrators.administrator_new, name="administrator_new"),
    path(
        "system/administrators/invitations/<hexid:administrator_invitation_id>/withdraw/",
        administrators.administrator_withdraw,
        name="administrator_withdraw",
    ),
    path(
        "system/administrators/<hexid:user_id>/toggle/",
        administrators.administrator_toggle,
        name="administrator_toggle",
    ),
    path(
        "system/administrators/<hexid:user_id>/remove/",
        administrators.administrator_remove,
        name="administrator_remove",
    ),
    path("system/sending/", sending.system_sending, name="system_sending"),
    path("system/sending/switch/", sending.system_sending_switch, name="system_sending_switch"),
    path("system/mail/", mail.mail, name="mail"),
]
