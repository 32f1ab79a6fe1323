"""The shape of what people type about themselves."""

import zoneinfo

from django import forms
from django.conf import settings
from django.http import HttpRequest

from accounts import operations
from accounts.models import User


def known_zones() -> list[str]:
    """Every time zone that can be chosen, UTC first, then the regions of the tz database in alphabetical order."""
    regions = {
        zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/"))
    }
    return ["UTC", *sorted(regions)]


class Settings(forms.Form):
    """What a user may change about themselves without proving anything."""

    name = forms.CharField(max_length=80, required=False, help_text="How we address you.")
    time_zone = forms.ChoiceField(
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in known_zones()],
        help_text="Dates and times are shown in this zone.",
    )
    language = forms.ChoiceField(choices=settings.LANGUAGES)


class SignUp(forms.Form):
    """What a sign-up asks beside address and password: nothing. The browser fills in its time zone if it can."""

    time_zone = forms.CharField(
        max_length=64, required=False, widget=forms.HiddenInput({"data-time-zone": True, "autocomplete": "off"})
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Keep the browser's zone when it is one we know; allauth calls this with the new user."""
        zone = self.cleaned_data["time_zone"]
        if zone in known_zones():
            operations.change_settings(user_id=user.pk, name=user.name, time_zone=zone, language=user.language)
