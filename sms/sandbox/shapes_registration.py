"""What Twilio answers about A2P brands, campaigns and toll-free verifications."""

from typing import Any

from sms.sandbox.shapes import iso
from sms.sandbox.shapes_messaging import HOST
from sms.sandbox.things import Brand, Campaign, Verification

DESCRIPTION = "Appointment reminders and answers to customers' questions"
SAMPLES = ["Your appointment is tomorrow at 9 am.", "Thank you, we have noted it for you."]


def brand(b: Brand) -> dict[str, Any]:
    """Show an A2P brand."""
    url = f"{HOST}/v1/a2p/BrandRegistrations/{b.sid}"
    profile = f"BU{b.sid[2:]}"
    return {
        "a2p_profile_bundle_sid": profile,
        "account_sid": b.account_sid,
        "brand_feedback": [],
        "brand_score": b.brand_score,
        "brand_type": b.brand_type,
        "customer_profile_bundle_sid": profile,
        "date_created": iso(b.created),
        "date_updated": iso(b.updated),
        "errors": b.errors,
        "failure_reason": b.failure_reason or None,
        "government_entity": False,
        "identity_status": b.identity_status,
        "links": {"brand_registration_otps": f"{url}/SmsOtp", "brand_vettings": f"{url}/Vettings"},
        "mock": False,
        "russell_3000": False,
        "sid": b.sid,
        "skip_automatic_sec_vet": False,
        "status": b.status,
        "tax_exempt_status": None,
        "tcr_id": f"B{b.sid[2:8].upper()}",
        "url": url,
    }


def campaign(c: Campaign) -> dict[str, Any]:
    """Show an A2P campaign."""
    is_verified = c.campaign_status == "VERIFIED"
    return {
        "account_sid": c.account_sid,
        "age_gated": False,
        "brand_registration_sid": c.brand_sid or None,
        "campaign_id": f"C{c.sid[2:8].upper()}" if is_verified else None,
        "campaign_status": c.campaign_status,
        "date_created": iso(c.created),
        "date_updated": iso(c.updated),
        "description": DESCRIPTION,
        "direct_lending": False,
        "errors": c.errors,
        "has_embedded_links": False,
        "has_embedded_phone": False,
        "help_keywords": ["HELP"],
        "help_message": "Reply STOP to unsubscribe.",
        "is_externally_registered": False,
        "message_flow": "Customers tick a box when they sign up for an account.",
        "message_samples": SAMPLES,
        "messaging_service_sid": c.service_sid,
        "mock": False,
        "opt_in_keywords": ["START"],
        "opt_in_message": "You are subscribed. Reply STOP to unsubscribe.",
        "opt_out_keywords": ["STOP"],
        "opt_out_message": "You are unsubscribed.",
        "privacy_policy_url": None,
        "rate_limits": {"att": {"mps": 240, "msg_class": "T"}, "tmobile": {"brand_tier": "TOP"}} if is_verified else {},
        "sid": c.sid,
        "subscriber_opt_in": True,
        "terms_and_conditions_url": None,
        "url": f"{HOST}/v1/Services/{c.service_sid}/Compliance/Usa2p/{c.sid}",
        "us_app_to_person_usecase": c.usecase,
    }


_UNTOLD = (
    *("age_gated_content", "business_city", "business_contact_email", "business_contact_first_name"),
    *("business_contact_last_name", "business_contact_phone", "business_country", "business_postal_code"),
    *("business_registration_authority", "business_registration_country", "business_registration_number"),
    *("business_registration_phone_number", "business_state_province_region", "business_street_address"),
    *("business_street_address2", "business_type", "business_website", "customer_profile_sid", "doing_business_as"),
    *("additional_information", "edit_expiration", "external_reference_id", "help_message_sample"),
    *("opt_in_confirmation_message", "privacy_policy_url", "regulated_item_sid", "terms_and_conditions_url"),
    *("trust_product_sid", "vetting_id", "vetting_id_expiration", "vetting_provider"),
)


def verification(v: Verification) -> dict[str, Any]:
    """Show a toll-free verification; what the business told of itself is left empty."""
    reason = {"code": v.error_code, "reason": v.rejection_reason}
    return {
        **dict.fromkeys(_UNTOLD),
        "account_sid": v.account_sid,
        "business_name": "Sandbox business",
        "date_created": iso(v.created),
        "date_updated": iso(v.updated),
        "edit_allowed": v.edit_allowed,
        "error_code": v.error_code,
        "message_volume": "1,000",
        "notification_email": "owner@business.example",
        "opt_in_image_urls": [],
        "opt_in_keywords": [],
        "opt_in_type": "WEB_FORM",
        "production_message_sample": SAMPLES[0],
        "rejection_reason": v.rejection_reason or None,
        "rejection_reasons": [reason] if v.rejection_reason else None,
        "resource_links": {},
        "sid": v.sid,
        "status": v.status,
        "tollfree_phone_number": v.phone_number,
        "tollfree_phone_number_sid": v.number_sid,
        "url": f"{HOST}/v1/Tollfree/Verifications/{v.sid}",
        "use_case_categories": ["CUSTOMER_CARE"],
        "use_case_summary": DESCRIPTION,
    }
