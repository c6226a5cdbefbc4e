"""The shortest password a person may have: the strictest of his tenants' rules."""

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.models import User

SHORTEST = 12
LONGEST = 128


class TenantPasswordLength:
    """Refuse passwords shorter than any of the user's tenants asks for."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError with the length wanted."""
        least = self._least(user)
        if len(password) < least:
            raise ValidationError(
                ngettext("Use at least %(least)d character.", "Use at least %(least)d characters.", least)
                % {"least": least},
                code="too_short",
            )
        if len(password) > LONGEST:
            raise ValidationError(_("Use at most 128 characters."), code="too_long")

    def get_help_text(self) -> str:
        """What the form says."""
        return _("At least 12 characters. A few unrelated words are easy to remember and hard to guess.")

    def _least(self, user: User | None) -> int:
        if user is None or user.pk is None:
            return SHORTEST
        least = user.memberships.aggregate(least=Max("tenant__password_min_length"))["least"]
        return max(int(least or 0), SHORTEST)
