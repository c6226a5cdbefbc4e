"""Addresses of versions and of what became of each rule."""

from django.urls import path, register_converter

from rules.views import versions


class RuleKind:
    """Which rules an address is about."""

    regex = "inbound|outbound"

    def to_python(self, value: str) -> str:
        """Take it as it stands."""
        return value

    def to_url(self, value: str) -> str:
        """Write it as it stands."""
        return str(value)


register_converter(RuleKind, "rulekind")

_at = "t/<slug:slug>/rules/<rulekind:kind>/"
_one = f"{_at}versions/<hexid:rule_set_id>/"

urlpatterns = [
    path(f"{_at}versions/", versions.version_list, name="version_list"),
    path(_one, versions.version_detail, name="version_detail"),
    path(f"{_one}restore/", versions.version_restore, name="version_restore"),
    path(f"{_at}<hexid:rule_id>/history/", versions.rule_history, name="rule_history"),
    path(f"{_one}<hexid:rule_id>/restore/", versions.rule_restore, name="rule_restore"),
]
