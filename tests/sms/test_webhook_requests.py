"""The last requests of a webhook: what is kept of them, who sees what, and trying them again."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from sms.models import Message
from sms.webhooks import limits, registry, signature
from tests.sms.webhook_client import BASE, be_patient, path_of, post, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture(autouse=True)
def _public(settings):
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    limits.forget()
    be_patient()


def test_the_address_that_was_signed_is_kept_with_the_text(cast, settings):
    settings.PUBLIC_BASE_URL_ALIASES = ["https://old.example"]
    path = path_of(cast.configuration)
    for base in (BASE, "https://old.example:443"):
        assert post(path, text(cast.configuration), base=base).status_code == 200
    found = Message.objects.order_by("created_at").values_list("signed_url", flat=True)
    assert list(found) == [f"{BASE}{path}", f"https://old.example:443{path}"]


def test_of_a_query_only_the_mark_is_kept(cast):
    path, query = path_of(cast.configuration), urlencode(text(cast.configuration, Body="private"))
    token = registry.find(path.split("/")[3]).tokens[0]
    signed = signature.sign(f"{BASE}{path}?{query}", b"", token)
    assert Client().get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE=signed).status_code == 200
    assert Message.objects.get().signed_url == f"{BASE}{path}?"
