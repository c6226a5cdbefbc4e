"""Whether mail is set up, and a test mail to oneself."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tenants import letters, links
from tenants.access import SignedInRequest, system_view


@system_view
def mail(request: SignedInRequest) -> HttpResponse:
    """Show the mail settings; POST sends a test mail to the visitor."""
    if request.method == "POST":
        return _send_test(request)
    context = {
        "is_set_up": settings.MAIL_IS_SET_UP,
        "host": settings.EMAIL_HOST,
        "port": settings.EMAIL_PORT,
        "encryption": _encryption(),
        "sender": settings.DEFAULT_FROM_EMAIL,
        "sender_example": "DEFAULT_FROM_EMAIL=SMS Portal <portal@example.com>",
    }
    return render(request, "tenants/mail.html", context)


def _encryption() -> str:
    if settings.EMAIL_USE_SSL:
        return "TLS"
    return "STARTTLS" if settings.EMAIL_USE_TLS else ""


def _send_test(request: SignedInRequest) -> HttpResponse:
    to = request.user.email
    body = _("Mail from SMS Portal works: %(link)s") % {"link": links.absolute("home")}
    if not settings.MAIL_IS_SET_UP:
        messages.error(request, _("Mail is not set up. Set EMAIL_URL and restart the portal."))
        return redirect("tenants:mail")
    try:
        letters.deliver(to, _("Test mail from SMS Portal"), body)
    except letters.MailError as error:
        messages.error(request, str(error))
    else:
        text = _("A test mail to %(email)s has left. Look into that mailbox, and into its spam folder.")
        messages.success(request, text % {"email": to})
    return redirect("tenants:mail")
