"""The shape of what people type into the ordering pages. Knows neither balance nor status, and saves nothing."""

import re
from collections.abc import Iterable, Mapping

from django import forms

from orders.operations.quoting import Request, whole_units
from orders.reading.catalogue import Wanted
from policies.operations.appeals import LONGEST, SHORTEST, visible
from policies.rules import drip_feed
from policies.rules.drip_feed import Drip
from policies.rules.eligibility import Refusal
from policies.rules.vocabulary import Platform, ServiceType
from policies.shown import shown_in

LARGEST_ID = 2**62
_WHOLE = re.compile(r"\d+|\d{1,3}(?:[,  ]\d{3})+", re.ASCII)
_COMMENT_TYPES = (ServiceType.CUSTOM_COMMENTS, ServiceType.CUSTOM_COMMENTS_PACKAGE)


class ServiceSearch(forms.Form):
    """Words and filters above a list of services. What makes no sense filters nothing."""

    q = forms.CharField(required=False, max_length=80, strip=True)
    platform = forms.ChoiceField(required=False, choices=[("", ""), *Platform.choices()])
    category = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    after = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def wanted(self) -> Wanted:
        """The filters that are valid."""
        self.is_valid()
        return Wanted(
            words=self.cleaned_data.get("q", ""),
            platform=self.cleaned_data.get("platform", ""),
            category_id=self.cleaned_data.get("category"),
        )

    @property
    def place(self) -> int | None:
        """The service id to go on from; None for the first window."""
        self.is_valid()
        return self.cleaned_data.get("after")


class WholeNumber(forms.CharField):
    """A quantity as people type it, thousands separated or not. None for what is no whole number: the rules say so."""

    def clean(self, value: str | None) -> int | None:
        text = (value or "").strip()
        return whole_units(re.sub(r"\D", "", text)) if _WHOLE.fullmatch(text) else None


class PlaceOrder(forms.Form):
    """An order for one service: fields by its type (api-v2 b.3). What they may hold, the rules say."""

    service = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    link = forms.CharField(
        label="Link",
        required=False,
        help_text="The public address of the page, post or video, or the account's name. Never a password.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "url", "placeholder": "https://", "spellcheck": "false"}
        ),
    )
    quantity = WholeNumber(
        label="Quantity", required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"})
    )
    runs = WholeNumber(
        label="Parts",
        required=False,
        help_text="Empty: the service's own pace. With parts, the quantity above is for each of them.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    interval = WholeNumber(
        label="Minutes between two parts",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    comments = forms.CharField(
        label="Comments",
        required=False,
        strip=False,
        help_text="One a line. Each line is one comment, and one unit.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    accept = forms.BooleanField(required=False)
    quote = forms.CharField(widget=forms.HiddenInput, required=False)
    touched = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)

    def __init__(self, *args: object, service_type: ServiceType, dripfeed: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # What was typed stays, also for a service that offers it no more: the rule then says so at its field.
        if not drip_feed.is_offered(flagged=dripfeed, service_type=service_type) and not any(self._typed()):
            del self.fields["runs"], self.fields["interval"]
        if service_type.is_package or service_type in _COMMENT_TYPES:
            del self.fields["quantity"]
        if service_type not in _COMMENT_TYPES:
            del self.fields["comments"]
        for name in self.asked:
            attrs = self.fields[name].widget.attrs
            attrs["aria-describedby"] = f"id_{name}_error id_{name}_helptext"

    @property
    def asked(self) -> list[str]:
        """The fields that a person fills in, in their order."""
        return [name for name in ("link", "quantity", "runs", "interval", "comments") if name in self.fields]

    def request(self) -> Request:
        """What is asked for, also where some of it makes no sense: the rules then refuse it at its field."""
        self.is_valid()
        given = self.cleaned_data
        fields = {"comments": given.get("comments", "").replace("\r\n", "\n")} if "comments" in self.fields else {}
        return Request(
            service_id=given.get("service") or 0,
            link=given.get("link", ""),
            quantity=given.get("quantity"),
            fields=fields,
            drip=self._drip(),
        )

    def _drip(self) -> Drip | None:
        """The parts that were asked for; None for none, or one."""
        runs = self.cleaned_data.get("runs")
        if "runs" not in self.fields or not any(self._typed()) or runs in (0, 1):
            return None
        return Drip(runs, self.cleaned_data.get("interval"))

    def _typed(self) -> list[str]:
        return [str(self.data.get(name, "")).strip() for name in ("runs", "interval")]

    def quoted(self) -> str:
        """The token of what stood on the page when the button was pressed, "" if there was none."""
        self.is_valid()
        token: str = self.cleaned_data.get("quote", "")
        return token

    def shown_versions(self) -> Mapping[int, str]:
        """The policy versions that the page showed: id to the checksum of their text."""
        return shown_in(self.data)  # type: ignore[arg-type]

    def accepting(self) -> Mapping[int, str]:
        """The policy versions shown and accepted: id to the checksum of the text that was shown."""
        self.is_valid()
        return self.shown_versions() if self.cleaned_data.get("accept") else {}

    def has_touched(self, name: str) -> bool:
        """Whether the person has been in that field: before, an error would scold them for what they did not do yet."""
        return name in self.data.get("touched", "").split(",")

    def field_of(self, refusal: Refusal) -> str | None:
        """The form's field a refusal belongs to; None for the order as a whole."""
        if refusal.field == "quantity" and "comments" in self.fields:
            return "comments"
        if refusal.field == "policies":
            return "accept"
        return refusal.field if refusal.field in self.fields else None

    def refuse(self, refusals: Iterable[tuple[Refusal, str]]) -> None:
        """Put each refusal, worded, at its field."""
        for refusal, sentence in refusals:
            self.add_error(self.field_of(refusal), sentence)


class Words(forms.CharField):
    """A text of some lines. A browser sends a line break as two characters and counts it as one."""

    def to_python(self, value: object) -> str:
        return super().to_python(str(value or "").replace("\r\n", "\n")) or ""


class AppealWords(forms.Form):
    """Why somebody disagrees with a decision."""

    words = Words(
        label="What is wrong with this decision?",
        min_length=SHORTEST,
        max_length=LONGEST,
        help_text="Say what we overlooked or got wrong, in your own words. A person reads it.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def clean_words(self) -> str:
        """A text that shows nothing, of spaces and zero-width characters, says nothing."""
        words: str = self.cleaned_data["words"]
        if visible(words) < SHORTEST:
            raise forms.ValidationError(f"Please write at least {SHORTEST} characters that can be seen.")
        return words
