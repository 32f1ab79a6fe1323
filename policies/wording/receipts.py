"""A receipt in plain words: the facts that a rule looked at, the lines of its sum, who decided."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from plumbing.templatetags import amounts
from policies.rules.vocabulary import Cause, RunState
from policies.wording.sentences import Sentence

FACTS: Mapping[str, Sentence] = {
    "cause": _("Why the order ended"),
    "states": _("Where its parts stood"),
    "units": _("Ordered"),
    "delivered": _("Delivered"),
    "tolerance": _("Counts as a minor difference"),
    "charge": _("Charged for the order"),
    "refunded": _("Paid back before"),
    "granted": _("To be paid back in all, as a person decided"),
    "package": _("Sold as a package, all or nothing"),
    "offered": _("Sold with a cancel after sending"),
    "declined": _("The provider, asked, said no"),
    "sold": _("Sold with a refill"),
    "paid_back": _("Something was paid back"),
    "status": _("Where the order stood"),
    "over": _("The refill period was over"),
    "ends_at": _("End of the refill period"),
    "under_way": _("A refill was under way"),
    "waits": _("Too soon after the last try"),
    "free_at": _("When the next try is possible"),
    "tries": _("Refills before"),
    "most": _("Refills that it was sold with"),
    "reachable": _("A provider can be asked"),
}
CAUSES: Mapping[Cause, Sentence] = {
    Cause.STILL_RUNNING: _("It had not ended"),
    Cause.ALL_DELIVERED: _("All was delivered"),
    Cause.PROVIDER_ENDED: _("The provider ended it"),
    Cause.CANCELED_BEFORE_CLAIM: _("Canceled before it was sent"),
    Cause.CANCEL_CONFIRMED: _("Canceled after it was sent"),
    Cause.FAILED: _("It could not be delivered"),
    Cause.CUSTOMERS_FAULT: _("The account or post changed during delivery"),
}
STATES: Mapping[RunState, Sentence] = {
    RunState.QUEUED: _("waiting to be sent"),
    RunState.SUBMITTING: _("being sent"),
    RunState.UNKNOWN: _("sent, without a clear answer yet"),
    RunState.LIVE: _("with the provider"),
    RunState.PARKED: _("with our staff"),
    RunState.ENDED: _("ended"),
}
STEPS: Mapping[str, Sentence] = {
    "charge": _("Charged"),
    "kept": _("Earned for what was delivered"),
    "refunded": _("Paid back before"),
    "granted": _("To be paid back in all"),
    "left": _("Left over"),
}
_MONEY = frozenset({"charge", "refunded", "granted"})


def facts(inputs: Mapping[str, object]) -> list[tuple[str, str]]:
    """Stored facts as labels and what they say, in the order of FACTS. What has no words yet comes last, as it lies."""
    known = [name for name in FACTS if name in inputs]
    others = sorted(name for name in inputs if name not in FACTS)
    return [(_label(name), _said(name, inputs[name])) for name in [*known, *others]]


def step(code: str) -> str:
    """A line of a sum as a label."""
    return str(STEPS[code])


def _label(name: str) -> str:
    return str(FACTS.get(name, name.replace("_", " ").capitalize()))


def _said(name: str, value: object) -> str:
    if name == "cause":
        return str(CAUSES[Cause(str(value))])
    if name == "states" and isinstance(value, list):
        return ", ".join(str(STATES[RunState(state)]) for state in value)
    if name in _MONEY:
        return amounts.amount(Decimal(str(value)))
    if name == "tolerance":
        return str(_("up to %s") % amounts.count(int(str(value))))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return amounts.count(value) if isinstance(value, int) else str(value)
