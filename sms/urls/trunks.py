"""Addresses of trunks and pools."""

from django.urls import URLPattern, path

from sms.views import system_trunks as system
from sms.views import trunks

_ONE = "system/trunks/<hexid:trunk_id>"
_OWN = "t/<slug:slug>/trunks"

urlpatterns: list[URLPattern] = [
    path("system/trunks/", system.system_trunk_list, name="system_trunk_list"),
    path("system/trunks/new/", system.system_trunk_new, name="system_trunk_new"),
    path(f"{_ONE}/", system.system_trunk_detail, name="system_trunk_detail"),
    path(f"{_ONE}/edit/", system.system_trunk_edit, name="system_trunk_edit"),
    path(f"{_ONE}/delete/", system.system_trunk_delete, name="system_trunk_delete"),
    path(f"{_ONE}/toggle/", system.system_trunk_toggle, name="system_trunk_toggle"),
    path(f"{_ONE}/share/", system.system_trunk_share, name="system_trunk_share"),
    path(f"{_ONE}/account/", system.system_trunk_account, name="system_trunk_account"),
    path(f"{_ONE}/account/check/", system.system_trunk_account_check, name="system_trunk_account_check"),
    path(f"{_ONE}/tenants/<hexid:tenant_id>/", system.system_pool_edit, name="system_pool_edit"),
    path(f"{_ONE}/tenants/<hexid:tenant_id>/remove/", system.system_pool_remove, name="system_pool_remove"),
    path(f"{_OWN}/", trunks.trunk_list, name="trunk_list"),
    path(f"{_OWN}/new/", trunks.trunk_new, name="trunk_new"),
    path(f"{_OWN}/<hexid:trunk_id>/", trunks.trunk_detail, name="trunk_detail"),
    path(f"{_OWN}/<hexid:trunk_id>/edit/", trunks.trunk_edit, name="trunk_edit"),
    path(f"{_OWN}/<hexid:trunk_id>/delete/", trunks.trunk_delete, name="trunk_delete"),
    path(f"{_OWN}/<hexid:trunk_id>/toggle/", trunks.trunk_toggle, name="trunk_toggle"),
    path(f"{_OWN}/<hexid:trunk_id>/numbers/", trunks.pool_edit, name="pool_edit"),
]
