"""Addresses of import and export."""

from django.urls import path, register_converter

from sms.transfer.kinds import EVERYTHING, KINDS
from sms.views import transfers


class TransferKind:
    """What a file holds."""

    regex = "|".join([*KINDS, EVERYTHING])

    def to_python(self, value: str) -> str:
        """Take it as it stands."""
        return value

    def to_url(self, value: str) -> str:
        """Write it as it stands."""
        return str(value)


class TransferForm(TransferKind):
    """How a file is written."""

    regex = "csv|json"


register_converter(TransferKind, "transferkind")
register_converter(TransferForm, "transferform")

_at = "t/<slug:slug>/transfer/"
_kind = f"{_at}<transferkind:kind>/"
_job = f"{_at}jobs/<hexid:transfer_job_id>/"

urlpatterns = [
    path(_at, transfers.transfer_home, name="transfer_home"),
    path(_kind, transfers.transfer_kind, name="transfer_kind"),
    path(f"{_kind}export/<transferform:form>/", transfers.transfer_export, name="transfer_export"),
    path(_job, transfers.transfer_job, name="transfer_job"),
    path(f"{_job}confirm/", transfers.transfer_confirm, name="transfer_confirm"),
    path(f"{_job}discard/", transfers.transfer_discard, name="transfer_discard"),
]
