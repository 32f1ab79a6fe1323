"""The field in which people type an amount."""

import re
from typing import Any

from django import forms

WRITTEN = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class AmountField(forms.DecimalField):
    """Digits with one point at most, and nothing else that Python reads as a number: 1_0, 1e1, +10, other scripts'."""

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError."""
        typed = str(value).strip() if value is not None else ""
        if typed and not WRITTEN.fullmatch(typed):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)
