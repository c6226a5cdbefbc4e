"""URL converters: ids stand in addresses as 32 lower-case hexadecimal digits."""

import uuid

from django.urls import register_converter


class HexId:
    """A UUID as 32 hexadecimal digits."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> uuid.UUID:
        """Read the digits."""
        return uuid.UUID(hex=value)

    def to_url(self, value: uuid.UUID | str) -> str:
        """Write the digits."""
        return value.hex if isinstance(value, uuid.UUID) else value


register_converter(HexId, "hexid")
