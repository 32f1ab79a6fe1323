"""What customers type on their pages about money. Whether it can be done, the operations say."""

import uuid
from collections.abc import Sequence
from decimal import Decimal

from django import forms

from wallet.forms.amounts import AmountField
from wallet.models import PaymentMethod

CENT = Decimal("0.01")
MONEY = {"inputmode": "decimal", "autocomplete": "off"}


def money(label: str, *, least: Decimal = CENT, required: bool = True, help_text: str = "") -> AmountField:
    """A field for an amount as people type it: at most 2 decimals."""
    return AmountField(
        label=label,
        min_value=least,
        max_digits=12,
        decimal_places=2,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs=MONEY),
    )


class AskPayout(forms.Form):
    """How much of the cash goes back, and where to. The key makes sending the form twice one request."""

    amount = money("Amount")
    destination = forms.CharField(
        label="Where to",
        max_length=500,
        help_text="An IBAN or account number with your name, or an address elsewhere. Stored encrypted; only you and "
        "the staff who pay it out read it.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def renew_key(self) -> None:
        """Show this form again as another request with the same input."""
        _renew_key(self)


class OwnLimits(forms.Form):
    """What a customer wants to spend at most. Empty: no limit."""

    daily = money("A day", least=Decimal(0), required=False)
    monthly = money("A month", least=Decimal(0), required=False)


class AddFunds(forms.Form):
    """How much to add, and by which way to pay. The key makes sending the form twice one payment."""

    amount = money("Amount to add")
    gateway = forms.ChoiceField(label="Pay by", error_messages={"required": "Choose how to pay."})
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    touched = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)

    def __init__(self, *args: object, methods: Sequence[PaymentMethod], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        gateway = self.fields["gateway"]
        gateway.choices = [(method.gateway, method.title) for method in methods]  # type: ignore[attr-defined]
        self.fields["amount"].widget.attrs["aria-describedby"] = "id_amount_error"

    @property
    def chosen(self) -> str:
        """The gateway that is marked: as sent, else as the address said, else the first."""
        codes = [code for code, _ in self.fields["gateway"].choices]  # type: ignore[attr-defined]
        said = str(self.data.get("gateway") if self.is_bound else self.initial.get("gateway"))
        return said if said in codes else "" if self.is_bound else next(iter(codes), "")

    def has_touched(self, name: str) -> bool:
        """Whether the person has been in that field: before, an error would scold them for what they did not do yet."""
        return name in self.data.get("touched", "").split(",")

    def renew_key(self) -> None:
        """Show this form again as another payment with the same input."""
        _renew_key(self)


class FindPayment(forms.Form):
    """By what a customer looks for a payment."""

    reference = forms.CharField(
        label="Reference",
        max_length=200,
        help_text="Ours begins with TU. The number that the payment company or your bank gave works as well.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def _renew_key(form: forms.Form) -> None:
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["key"] = str(uuid.uuid4())  # type: ignore[index]
