"""Destinations of inbound texts: one module each, with `place` and `deliver`."""


class DeliveryFailed(Exception):
    """A destination could not be reached; `permanent` means that trying again is of no use."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
