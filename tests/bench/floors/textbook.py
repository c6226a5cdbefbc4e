"""The webhook as a Django textbook has it: default middleware, ORM, official validator, `.delay()` on commit."""

import os
from contextlib import suppress
from urllib.parse import urlsplit

import django
from celery import Celery
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from twilio.request_validator import RequestValidator

at = urlsplit(os.environ["DATABASE_URL"])
place = {"NAME": at.path[1:], "USER": at.username, "HOST": at.hostname, "PORT": at.port, "CONN_MAX_AGE": None}
middleware = "middleware.security.Security contrib.sessions.middleware.Session middleware.common.Common "
middleware += "middleware.csrf.CsrfView contrib.auth.middleware.Authentication "
middleware += "contrib.messages.middleware.Message middleware.clickjacking.XFrameOptions"
settings.configure(
    SECRET_KEY="textbook",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **place}},
    INSTALLED_APPS=[f"django.contrib.{app}" for app in ("auth", "contenttypes", "sessions", "messages")],
    MIDDLEWARE=[f"django.{name}Middleware" for name in middleware.split()],
)
django.setup()
validator = RequestValidator(os.environ["FLOOR_TOKEN"])


@Celery("textbook", broker=os.environ["REDIS_URL"]).task(ignore_result=True)
def route(key: int) -> None: ...


class Text(models.Model):  # noqa: DJ008
    sid, sender, recipient = (models.CharField(max_length=40, unique=unique) for unique in (True, False, False))
    body, raw, at = models.TextField(), models.BinaryField(), models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label, db_table = "textbook", "intake"


@csrf_exempt
def message(request: HttpRequest, key: str) -> HttpResponse:
    form, signature = request.POST, request.headers.get("X-Twilio-Signature", "")
    if not validator.validate(os.environ["PUBLIC_BASE_URL"] + request.path, form, signature):
        return HttpResponseForbidden()
    fields = {"sid": form["MessageSid"], "sender": form["From"], "recipient": form["To"], "body": form["Body"]}
    with suppress(IntegrityError), transaction.atomic():  # the same text again
        text = Text(**fields, raw=request.body)
        text.save(force_insert=True)
        transaction.on_commit(lambda: route.delay(text.pk))
    return HttpResponse('<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")


urlpatterns = [path("webhooks/twilio/<str:key>/message", message)]
application = get_wsgi_application()
