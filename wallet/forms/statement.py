"""The filters above a statement."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from wallet.models import Transfer
from wallet.reading.statement import Wanted

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class StatementFilter(forms.Form):
    """One kind of movement, and days in the customer's own time zone, both included. A wrong one filters nothing."""

    kind = forms.ChoiceField(label="What", required=False, choices=[("", "Everything"), *Transfer.Kind.choices])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields |= {"from": _day("From"), "to": _day("To")}  # "from" is no name for an attribute

    def clean(self) -> dict[str, object]:
        """A span that ends before it begins is refused at its end."""
        given = self.cleaned_data
        if given.get("from") and given.get("to") and given["to"] < given["from"]:
            self.add_error("to", "This day is before the first one.")
        return given

    def wanted(self) -> Wanted:
        """What to read, by the filters that are valid."""
        self.is_valid()
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        return Wanted(
            kind=self.cleaned_data.get("kind", ""),
            since=_start_of(first) if first else None,
            until=_start_of(last + timedelta(days=1)) if last else None,
        )


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Write a day as 2026-03-31."},
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": FIRST_DAY, "max": LAST_DAY}),
    )


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
