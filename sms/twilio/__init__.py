"""The only code that speaks to Twilio."""
