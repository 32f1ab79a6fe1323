"""The shape of what the site's own pages ask."""

from django import forms


class NewKey(forms.Form):
    """A name for a key, and the word that its orders stand under the policies."""

    label = forms.CharField(
        max_length=60, required=False, label="Name of the key", help_text="For example the program that uses it."
    )
    accept = forms.BooleanField(
        label="Orders placed with my keys stand under the policies in force when they are placed.",
        error_messages={"required": "A key can be created once the policies are accepted."},
    )
