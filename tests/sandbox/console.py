"""What somebody does in Twilio's own console, behind the portal's back: one call each, for tests of drift."""

from dataclasses import dataclass
from typing import Any

from tests.sandbox.harness import Sandbox


@dataclass(frozen=True)
class Console:
    """The console of one sandbox account."""

    sandbox: Sandbox
    sid: str

    def shows(self) -> dict[str, Any]:
        """Return the account with its tokens, numbers, services and keys."""
        found: dict[str, Any] = self._call("GET")
        return found

    def number(self, e164: str) -> dict[str, Any]:
        """Return a number as it stands at Twilio."""
        return next(n for n in self.shows()["numbers"] if n["phone_number"] == e164)

    def set_account(self, **changes: Any) -> dict[str, Any]:
        """Change status, type, friendly_name, balance, currency, region, parent, countries, enforces_registration."""
        found: dict[str, Any] = self._call("PATCH", "", changes)
        return found

    def suspend(self) -> None:
        """Suspend the account."""
        self.set_account(status="suspended")

    def revoke_token(self) -> str:
        """Replace the primary Auth Token at once, as after a leak; returns the new one."""
        return str(self.set_account(rotate="primary")["auth_token"])

    def forbid(self, *countries: str) -> None:
        """Take away the permission to text some countries."""
        self.set_account(countries=dict.fromkeys(countries, False))

    def add_numbers(self, first: str, count: int, **fields: Any) -> list[str]:
        """Buy many numbers in a row; returns the SIDs."""
        made = self._call("POST", "/numbers/bulk", {"first": first, "count": count, **fields})
        return [str(sid) for sid in made["sids"]]

    def set_number(self, e164: str, **fields: Any) -> dict[str, Any]:
        """Change a number's sms_url, sms_method, sms_fallback_url, sms_application_sid, type, capabilities…"""
        found: dict[str, Any] = self._call("PATCH", f"/numbers/{e164}", fields)
        return found

    def release(self, e164: str) -> None:
        """Give a number back."""
        self._call("DELETE", f"/numbers/{e164}")

    def set_application(self, e164: str, url: str = "https://other.example/sms") -> str:
        """Make a TwiML application and let it take a number's texts; returns its SID."""
        made = self._call("POST", "/applications", {"sms_url": url, "friendly_name": "Other product"})
        self.set_number(e164, sms_application_sid=made["sid"])
        return str(made["sid"])

    def add_service(self, *numbers: str, **fields: Any) -> str:
        """Make a Messaging Service that has some numbers; returns its SID.

        It defers to its numbers' own webhooks unless told `use_inbound_webhook_on_number=False`.
        """
        return str(self._call("POST", "/services", {"numbers": list(numbers), **fields})["sid"])

    def set_service(self, sid: str, **fields: Any) -> None:
        """Change a service's inbound_request_url, inbound_method, use_inbound_webhook_on_number…"""
        self.sandbox.control("PATCH", f"/services/{sid}", fields)

    def place(self, e164: str, service_sid: str | None) -> None:
        """Move a number into a service, or with None out of all."""
        self._call("PUT", f"/numbers/{e164}/service", {"sid": service_sid})

    def set_brand(self, status: str, **fields: Any) -> None:
        """Register the account's A2P brand, or change its state."""
        self._call("POST", "/brands", {"status": status, **fields})

    def set_campaign(self, service_sid: str, status: str, **fields: Any) -> None:
        """Register a service's A2P campaign, or change its state."""
        self.sandbox.control("POST", f"/services/{service_sid}/campaign", {"campaign_status": status, **fields})

    def set_verification(self, e164: str, status: str, **fields: Any) -> None:
        """Verify a toll-free number, or change what became of it."""
        self._call("POST", f"/numbers/{e164}/verification", {"status": status, **fields})

    def _call(self, method: str, path: str = "", body: Any = None) -> Any:
        return self.sandbox.control(method, f"/accounts/{self.sid}{path}", body)
