"""Destinations of inbound texts: one module each, with `place` and `deliver`.

`LADDER` holds the seconds before each further try. `REMOTE` says that `deliver` waits for somebody else's server: it
runs beside others, in a thread of its own, and must not use the database.
"""


class DeliveryFailed(Exception):
    """A destination could not be reached; `permanent` means that trying again is of no use."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class DeliverySkipped(Exception):
    """Nothing is to be delivered after all; the reason is kept and nobody is alarmed."""
