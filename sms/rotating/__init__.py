"""A change of an account's Auth Token at Twilio: step by step, resumable, with texts flowing both ways meanwhile."""
