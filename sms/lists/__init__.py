"""What Twilio's list of texts says that no webhook said: texts that never came, and when it is read."""
