"""The phone of the demo."""

from django.urls import path

from sms.views import phone

urlpatterns = [path("phone/", phone.phone, name="phone")]
