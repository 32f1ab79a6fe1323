"""Stopping selling or dispatch for the whole installation, and starting it again (decision 29)."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from accounts.operations import clear_alarm, queue_alarm
from orders.models import Switches, SwitchTurn

MAY_TURN = "orders.change_switches"
Switch = SwitchTurn.Switch

_COLUMN = {Switch.SELLING: "stop_selling", Switch.DISPATCH: "stop_dispatch"}
_STOPPED = {
    Switch.SELLING: (
        "Selling is stopped",
        "New orders are refused, in the browser and over the API. What was ordered before goes on.",
    ),
    Switch.DISPATCH: (
        "Sending is stopped",
        "No order goes to a provider. New ones are taken and wait; what is with a provider already is followed.",
    ),
}


class TurnedAlready(Exception):
    """It stands that way already: somebody was faster."""


def turn(*, staff: User, switch: SwitchTurn.Switch, stopped: bool, reason: str, now: datetime) -> None:
    """Stop something or start it again; while it is stopped, an alarm says so.

    reason: staff read it, 1 to 200 characters. Raises PermissionDenied without orders.change_switches, TurnedAlready,
    ValueError without a reason.
    """
    if not staff.has_perm(MAY_TURN):
        raise PermissionDenied(MAY_TURN)
    why = reason.strip()
    if not why:
        raise ValueError("a switch is turned for a reason")
    with transaction.atomic(durable=True):
        switches, _ = Switches.objects.select_for_update(no_key=True).get_or_create(pk=1)
        column = _COLUMN[switch]
        if getattr(switches, column) == stopped:
            raise TurnedAlready
        setattr(switches, column, stopped)
        switches.save(update_fields=[column])
        actor = f"staff:{staff.pk}"
        SwitchTurn.objects.create(switch=switch, stopped=stopped, reason=why, actor=actor, at=now)
        _tell(switch, stopped=stopped, why=why, staff=staff, now=now)


def _tell(switch: SwitchTurn.Switch, *, stopped: bool, why: str, staff: User, now: datetime) -> None:
    key = f"switch:{switch.value}"
    if not stopped:
        clear_alarm(key=key, now=now, by=f"staff:{staff.pk}")
        return
    subject, effect = _STOPPED[switch]
    body = f"{staff.email} stopped it: {why}\n\n{effect} It starts again under Switches."
    queue_alarm(subject=subject, body=body, key=key, now=now, lasts=True)
