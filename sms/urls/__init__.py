"""Addresses of sms, one module an area."""

from sms.urls import (
    configurations,
    connect,
    conversations,
    deliveries,
    health,
    messages,
    optouts,
    phone,
    pointing,
    replaying,
    rotating,
    transfers,
    trunks,
    tryout,
    twilio_numbers,
)

app_name = "sms"
urlpatterns = [
    *trunks.urlpatterns,
    *configurations.urlpatterns,
    *connect.urlpatterns,
    *conversations.urlpatterns,
    *deliveries.urlpatterns,
    *health.urlpatterns,
    *messages.urlpatterns,
    *optouts.urlpatterns,
    *phone.urlpatterns,
    *pointing.urlpatterns,
    *replaying.urlpatterns,
    *rotating.urlpatterns,
    *transfers.urlpatterns,
    *tryout.urlpatterns,
    *twilio_numbers.urlpatterns,
]
