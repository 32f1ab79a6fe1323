"""The shape of what the site's own pages ask."""

from collections.abc import Mapping

from django import forms

from policies.shown import shown_in


class NewKey(forms.Form):
    """A name for a key, and the word that its orders stand under the policies."""

    label = forms.CharField(
        max_length=60, required=False, label="Name of the key", help_text="For example the program that uses it."
    )
    accept = forms.BooleanField(
        label="Orders placed with my keys stand under the policies in force when they are placed.",
        error_messages={"required": "A key can be created once the policies are accepted."},
    )

    def shown_versions(self) -> Mapping[int, str]:
        """The policy versions that the page showed: id to the checksum of their text."""
        return shown_in(self.data)  # type: ignore[arg-type]

    def ask_again(self, why: str) -> None:
        """Take the tick back, as it was not given for what is shown now, and say why."""
        self.data = {**self.data.dict(), "accept": ""}  # type: ignore[attr-defined]
        self.add_error("accept", why)
