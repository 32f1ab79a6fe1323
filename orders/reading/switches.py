"""Whether the installation sells and sends now, and who turned the switches (decision 29)."""

from collections.abc import Sequence

from orders.models import Switches, SwitchTurn


def is_selling() -> bool:
    """Whether new orders are taken."""
    return not Switches.objects.filter(stop_selling=True).exists()


def is_sending() -> bool:
    """Whether orders go to their providers."""
    return not Switches.objects.filter(stop_dispatch=True).exists()


def turns(number: int) -> Sequence[SwitchTurn]:
    """The newest turns of either switch."""
    return list(SwitchTurn.objects.order_by("-id")[:number])
