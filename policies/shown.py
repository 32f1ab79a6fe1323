"""The policy versions that a form's page showed beside its box, as its hidden fields carry them: id and checksum."""

import re
from collections.abc import Mapping

from django.http import QueryDict

FIELD = "version"  # once for each version: "12:5f3e..."
_ID = re.compile(r"[0-9]{1,18}")


def shown_in(data: QueryDict) -> Mapping[int, str]:
    """The versions that the page showed: id to the checksum of their text. What is none is left out."""
    shown = (text.partition(":") for text in data.getlist(FIELD))
    return {int(number): checksum for number, _, checksum in shown if _ID.fullmatch(number)}
