"""Who: tenants, people, roles, access, secrets, audit. Imports nothing of the other apps."""
