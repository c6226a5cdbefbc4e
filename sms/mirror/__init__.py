"""What accounts hold at Twilio, kept here: read page by page, shown from the rows."""
