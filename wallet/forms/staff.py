"""The shapes of what staff type about money."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import User
from wallet.forms.amounts import AmountField

CENT = Decimal("0.01")
SMALLEST = Decimal("0.00001")


class ReasonBox(forms.CharField):
    """Why; kept with the name of who said it."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**{"max_length": 200, "widget": forms.Textarea(attrs={"rows": 3}), **said})


class Plain(forms.Form):
    """What is marked as required is required."""

    required_css_class = "required"


class Once(Plain):
    """With a key, which makes sending the form twice one act."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ForCustomer(Plain):
    """For whom. The address becomes the customer when the form is clean."""

    email = forms.EmailField(label="Customer's address", widget=forms.EmailInput(attrs={"size": 36}))

    def clean_email(self) -> User:
        """The customer behind the address."""
        user = User.objects.filter(email=self.cleaned_data["email"].lower()).first()
        if user is None:
            raise forms.ValidationError("Nobody has this address.")
        return user


class CorrectWallet(Once, ForCustomer):
    """How much more or less cash, and why."""

    field_order = ["email", "amount", "reason"]
    amount = AmountField(max_digits=12, decimal_places=5, help_text="Below zero takes away: −12.50 is typed as -12.50.")
    reason = ReasonBox(help_text="The customer reads it on the statement.")

    def clean_amount(self) -> Decimal:
        """Some amount."""
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("A correction of nothing corrects nothing.")
        return amount


class GiveGoodwill(Once, ForCustomer):
    """How much bonus, and why."""

    field_order = ["email", "amount", "reason"]
    amount = AmountField(min_value=CENT, max_digits=12, decimal_places=2)
    reason = ReasonBox(max_length=170, help_text="The customer reads it on the statement.")


class RecordPayout(Once, ForCustomer):
    """What has been paid to whom, and how it is found at the bank."""

    field_order = ["email", "amount", "reference", "reason"]
    amount = AmountField(min_value=CENT, max_digits=12, decimal_places=2)
    reference = forms.CharField(max_length=200, help_text="Of the bank transfer. The customer reads it.")
    reason = ReasonBox(help_text="Why it was paid without being asked for on the wallet's page.")


class PaidOut(Plain):
    """That it has been paid."""

    reference = forms.CharField(max_length=200, help_text="Of the bank transfer. The customer reads it.")


class SendBack(Once):
    """How much goes back the way it came, and why."""

    field_order = ["amount", "reason"]
    amount = AmountField(min_value=CENT, max_digits=12, decimal_places=2)
    reason = ReasonBox(help_text="Kept with your name. The payer does not see it.")


class Freeze(ForCustomer):
    """Whose wallet, and why."""

    reason = ReasonBox(help_text="Kept with your name. The customer is told that the wallet is frozen, not why.")


class StaffLimits(ForCustomer):
    """What a customer may spend at most; empty for no limit of ours."""

    daily = AmountField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        label="A day",
        help_text="In UTC. Empty: no limit.",
    )
    monthly = AmountField(
        required=False, min_value=0, max_digits=12, decimal_places=2, label="A month", help_text="Empty: no limit."
    )
    reason = ReasonBox(help_text="What you know and from where. It is kept with your name.")


class ConfirmTopUp(Plain):
    """What arrived, and how it is found at the bank."""

    received = AmountField(
        min_value=CENT, max_digits=12, decimal_places=2, label="Arrived", help_text="As the bank shows it, to the cent."
    )
    reference = forms.CharField(max_length=120, label="Bank reference", help_text="By which it is found at the bank.")


class ResolveReview(Plain):
    """What of a payment under review the wallet gets."""

    credit = AmountField(
        min_value=0,
        max_digits=12,
        decimal_places=2,
        help_text="What the wallet gets for it, without the fee. 0 where it was credited before.",
    )
    reason = ReasonBox(help_text="The customer reads it. It is kept with your name.")
    second_reason = ReasonBox(
        required=False, help_text="Needed to credit more than arrived, or for money in another currency."
    )
