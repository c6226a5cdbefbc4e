"""The living style page: every component once. Exists while developing only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants.access import public_view


@public_view
def style(request: HttpRequest) -> HttpResponse:
    """Show every component."""
    return render(request, "portal/style.html")
