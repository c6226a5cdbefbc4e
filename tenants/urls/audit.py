"""Addresses of the audit logs."""

from django.urls import path

from tenants.views import audit

urlpatterns = [
    path("t/<slug:slug>/audit/", audit.audit_list, name="audit_list"),
    path("system/audit/", audit.system_audit_list, name="system_audit_list"),
]
