"""Where the texts of numbers and Messaging Services at Twilio go, and pointing them here: previewed, noted, undone."""
