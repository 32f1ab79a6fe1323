"""Password rules of ours beside Django's."""

from django.core.exceptions import ValidationError

MOST_CHARACTERS = 128


class NotTooLong:
    """At most 128 characters, whatever they are (ASVS 6.2.9)."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a longer one."""
        if len(password) > MOST_CHARACTERS:
            raise ValidationError(f"This password has more than {MOST_CHARACTERS} characters.", code="too_long")

    def get_help_text(self) -> str:
        """What a person reads below the field; the limit is too far away to be worth a line."""
        return ""
