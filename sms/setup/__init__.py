"""What an administrator sets up: trunks, numbers, credentials, configurations; and whether it works."""
