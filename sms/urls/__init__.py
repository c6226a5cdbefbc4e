"""Addresses of sms, one module an area."""

from sms.urls import (
    configurations,
    connect,
    conversations,
    deliveries,
    messages,
    optouts,
    phone,
    replaying,
    transfers,
    trunks,
    tryout,
)

app_name = "sms"
urlpatterns = [
    *trunks.urlpatterns,
    *configurations.urlpatterns,
    *connect.urlpatterns,
    *conversations.urlpatterns,
    *deliveries.urlpatterns,
    *messages.urlpatterns,
    *optouts.urlpatterns,
    *phone.urlpatterns,
    *replaying.urlpatterns,
    *transfers.urlpatterns,
    *tryout.urlpatterns,
]
