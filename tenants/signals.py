"""What happens to a tenant that apps further up must act on, in the same transaction."""

from django.dispatch import Signal

# Sent by `provisioning.change_tenant` with `tenant` and `actor`, when the tenant's time zone is another one.
time_zone_changed = Signal()
