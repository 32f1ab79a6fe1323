"""What orders need before the first one."""

from orders.models import Switches


def seed() -> None:
    """Make the one row of switches, both off. Again changes nothing (decision 3)."""
    Switches.objects.get_or_create(pk=1)
