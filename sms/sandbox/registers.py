"""What US networks know of the senders: A2P brands and campaigns, toll-free verifications."""

from typing import Any

from sms.sandbox.things import Brand, Campaign, Number, Verification

UNREGISTERED, UNVERIFIED = 30034, 30032
TOLL_FREE = "toll free"


class Registers:
    """All registrations of all accounts, by their SIDs."""

    def __init__(self) -> None:
        self.brands: dict[str, Brand] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.verifications: dict[str, Verification] = {}

    def take(self, register: str, row: dict[str, Any]) -> None:
        """Enter or replace a row, as the journal has it."""
        if register == "brand":
            self.brands[row["sid"]] = Brand(**row)
        elif register == "campaign":
            self.campaigns[row["sid"]] = Campaign(**row)
        else:
            self.verifications[row["sid"]] = Verification(**row)

    def drop(self, register: str, sid: str) -> None:
        """Strike a row out."""
        rows: dict[str, Any] = self.campaigns if register == "campaign" else self.verifications
        rows.pop(sid, None)

    def campaigns_of(self, service_sid: str) -> list[Campaign]:
        """Return the campaigns of a Messaging Service."""
        return [c for c in self.campaigns.values() if c.service_sid == service_sid]

    def has_campaign(self, service_sid: str) -> bool:
        """Say whether a service has a campaign that the networks accept."""
        return any(c.campaign_status == "VERIFIED" for c in self.campaigns_of(service_sid))

    def verification_of(self, number_sid: str) -> Verification | None:
        """Return the verification of a toll-free number."""
        return next((v for v in self.verifications.values() if v.number_sid == number_sid), None)

    def why_unknown(self, number: Number, service_sid: str) -> int | None:
        """Return the code that texts of an unknown number fail with; None for known ones, and where it is no matter."""
        if number.type == TOLL_FREE:
            verification = self.verification_of(number.sid)
            return None if verification and verification.status == "TWILIO_APPROVED" else UNVERIFIED
        if number.type == "local" and number.phone_number.startswith("+1"):
            return None if self.has_campaign(service_sid) else UNREGISTERED
        return None
