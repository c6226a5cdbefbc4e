"""The API of sms: the same flow functions as the pages."""
