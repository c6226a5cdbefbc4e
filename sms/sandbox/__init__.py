"""A stand-in for Twilio that never leaves this machine; it imports nothing from the rest of the project."""
