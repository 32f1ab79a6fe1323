"""Somebody with money in front of the order form, in the browser's place."""

from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

import policies.operations as policies
import wallet.operations as wallet
from accounts.models import User
from orders.models import Order, Service
from tests.factories import CustomerFactory

PLACE, QUOTE = reverse("orders:place"), reverse("orders:quote")
TYPED = frozenset({"link", "quantity", "comments", "runs", "interval"})
LINK = "https://instagram.com/somebody"


class Buyer:
    """A customer with money in front of the form."""

    def __init__(self, *, funds: str = "10") -> None:
        policies.seed(now=timezone.now())
        self.user: User = CustomerFactory(funds=Decimal(funds) or None)
        self.browser = Client()
        self.browser.force_login(self.user)

    def form(self, service: Service) -> dict[str, Any]:
        """The hidden fields of a freshly opened form, as the browser would send them back."""
        context = self.browser.get(PLACE, {"service": service.pk}).context
        versions = [f"{version.pk}:{version.checksum}" for version in context["draft"].quoted.versions]
        return {
            "service": service.pk,
            "key": context["key"],
            "quote": context["draft"].shown.token,
            "version": versions,
            "accept": "on",
            "link": LINK,
        }

    def look(self, form: dict[str, Any], **typed: object) -> dict[str, Any]:
        """The form once its price was shown for what is typed. A service that left sale has none to show."""
        filled = {**form, **typed}
        draft = (self.browser.post(QUOTE, filled).context or {}).get("draft")
        return {**filled, "quote": draft.shown.token} if draft else filled

    def place(self, form: dict[str, Any], **changes: object) -> Any:
        """Send the form, as a browser with scripts does: what was typed last is looked at first."""
        looked_at = self.look(form, **changes) if TYPED & changes.keys() else {**form, **changes}
        return self.send(looked_at)

    def send(self, form: dict[str, Any]) -> Any:
        """Send the form as it is, whatever price it shows."""
        return self.browser.post(PLACE, form)

    @property
    def balance(self) -> Decimal:
        return wallet.balance_of(self.user.pk)

    @property
    def orders(self) -> list[Order]:
        return list(Order.objects.of(self.user.pk).order_by("pk"))
