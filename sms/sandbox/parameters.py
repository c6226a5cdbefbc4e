"""The parameters that Twilio's OpenAPI description knows, so that the journal can name the others."""

from collections.abc import Iterable

SENDING = frozenset(
    [
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "ContentSid",
        "StatusCallback",
        "ApplicationSid",
        "MaxPrice",
        "ProvideFeedback",
        "Attempt",
        "ValidityPeriod",
        "ForceDelivery",
        "ContentRetention",
        "AddressRetention",
        "SmartEncoded",
        "PersistentAction",
        "TrafficType",
        "ShortenUrls",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "ContentVariables",
        "RiskCheck",
        "FallbackFrom",
        "MessageIntent",
    ]
)
PAGING = frozenset(["PageSize", "Page", "PageToken"])

KNOWN: dict[tuple[str, str], frozenset[str]] = {
    ("create", "POST"): SENDING,
    ("list", "GET"): PAGING | frozenset(["To", "From", "DateSent", "DateSent<", "DateSent>"]),
    ("fetch", "GET"): frozenset(),
    ("update", "POST"): frozenset(["Body", "Status"]),
    ("media", "GET"): PAGING | frozenset(["DateCreated", "DateCreated<", "DateCreated>"]),
    ("numbers", "GET"): PAGING | frozenset(["Beta", "FriendlyName", "PhoneNumber", "Origin"]),
    ("numbers", "POST"): frozenset(
        [
            "AccountSid",
            "ApiVersion",
            "FriendlyName",
            "SmsApplicationSid",
            "SmsFallbackMethod",
            "SmsFallbackUrl",
            "SmsMethod",
            "SmsUrl",
            "StatusCallback",
            "StatusCallbackMethod",
            "VoiceApplicationSid",
            "VoiceCallerIdLookup",
            "VoiceFallbackMethod",
            "VoiceFallbackUrl",
            "VoiceMethod",
            "VoiceUrl",
            "EmergencyStatus",
            "EmergencyAddressSid",
            "TrunkSid",
            "VoiceReceiveMode",
            "IdentitySid",
            "AddressSid",
            "BundleSid",
        ]
    ),
    ("short_codes", "GET"): PAGING | frozenset(["FriendlyName", "ShortCode"]),
    ("short_codes", "POST"): frozenset(
        ["FriendlyName", "ApiVersion", "SmsUrl", "SmsMethod", "SmsFallbackUrl", "SmsFallbackMethod"]
    ),
    ("applications", "GET"): PAGING | frozenset(["FriendlyName"]),
    ("accounts", "GET"): PAGING | frozenset(["FriendlyName", "Status"]),
    ("alerts", "GET"): PAGING | frozenset(["LogLevel", "StartDate", "EndDate"]),
    ("services", "GET"): PAGING,
    ("services", "POST"): frozenset(
        [
            "FriendlyName",
            "InboundRequestUrl",
            "InboundMethod",
            "FallbackUrl",
            "FallbackMethod",
            "StatusCallback",
            "StickySender",
            "MmsConverter",
            "SmartEncoding",
            "ScanMessageContent",
            "FallbackToLongCode",
            "AreaCodeGeomatch",
            "ValidityPeriod",
            "SynchronousValidation",
            "Usecase",
            "UseInboundWebhookOnNumber",
        ]
    ),
    ("registration", "GET"): PAGING
    | frozenset(["TollfreePhoneNumberSid", "Status", "ExternalReferenceId", "IncludeSubAccounts", "TrustProductSid"]),
    ("tokens", "POST"): frozenset(["SuppressEmailNotification"]),
    ("geo", "GET"): frozenset(["CountryCode"]),
    ("geo", "PATCH"): frozenset(["Permissions"]),
    ("pool", "GET"): PAGING,
    ("pool", "POST"): frozenset(["PhoneNumberSid", "ShortCodeSid", "AlphaSender"]),
}


def unknown(operation: str, method: str, names: Iterable[str]) -> list[str]:
    """Name the parameters that Twilio does not have; it ignores them, and so does the sandbox."""
    return sorted(set(names) - KNOWN.get((operation, method), frozenset()))
