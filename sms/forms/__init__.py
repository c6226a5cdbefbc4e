"""The forms of sms: what may be typed, and what to say when it may not."""
