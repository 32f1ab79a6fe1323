"""A customer's payments into the wallet, as their pages show them."""

from wallet.models import BonusRule, Event, PaymentMethod, TopUp


def bonus_rules() -> list[BonusRule]:
    """The bonuses that a top-up can bring, from the smallest amount on."""
    return list(BonusRule.objects.filter(is_active=True).order_by("from_amount"))


def titles() -> dict[str, str]:
    """What each gateway is called, also of those that are no longer offered."""
    return dict(PaymentMethod.objects.values_list("gateway", "title"))


def method_of(top_up: TopUp) -> PaymentMethod | None:
    """The terms of the gateway of a top-up, as they are now; None if they were removed."""
    return PaymentMethod.objects.filter(gateway=top_up.gateway).first()


def rejection_of(top_up: TopUp) -> str:
    """Why staff rejected a top-up, in their words to the customer; "" where they did not."""
    events = Event.objects.filter(subject_type="top_up", subject_id=top_up.pk, kind="rejected").order_by("-id")
    return events.values_list("reason", flat=True).first() or ""
