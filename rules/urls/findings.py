"""Address of the check of the rules."""

from django.urls import path

from rules.views import findings

urlpatterns = [path("t/<slug:slug>/rules/findings/", findings.finding_list, name="finding_list")]
