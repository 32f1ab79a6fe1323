"""What staff read and customers do not: what a flag means, and the internal lines of a timeline."""

from collections import defaultdict
from collections.abc import Mapping

from orders.models import OrderEvent
from orders.operations import flags
from policies import wording
from policies.rules.routing import Skip
from policies.rules.vocabulary import HeldReason, ReportFlag

# A few words for the list, and what to do about it.
FLAGS: Mapping[str, tuple[str, str]] = {
    flags.UNKNOWN: (
        "sent, no clear answer",
        "Nobody can say whether the provider took it. Look it up there, then say what you found.",
    ),
    flags.UNMAPPED: (
        "refused in unknown words",
        "The provider said no in words that no rule knows. Read them, then send it again or give it up.",
    ),
    flags.SAME_ID: (
        "number of another run",
        "The provider answered with a number that another run has. Look both up there.",
    ),
    flags.WAITING_LONG: (
        "waits for a day",
        "It has waited behind another order on its link for a day. See whether that one still moves.",
    ),
    flags.NEVER_LANDS: (
        "never arrives",
        "It was sent several times and proved each time not to have arrived. Find out why, then send it again or give "
        "it up.",
    ),
    flags.HELD: (
        "nobody takes it",
        "No route of its service takes it now; the reason of each stands below. It goes out by itself once one does.",
    ),
    flags.BY_HAND: (
        "to be delivered by hand",
        "Take it, report how far it is, and finish it, on the page of its run among the runs by hand.",
    ),
    flags.ODD_STATUS: (
        "status does not fit",
        "What became of its parts cannot follow the status it has, so that stayed. The log says what was tried.",
    ),
    flags.SETTLE_FAILED: ("could not be ended", "Its end was reported, and booking it failed. The log says why."),
    flags.CANCEL_BY_HAND: (
        "cancel asked, by hand",
        "The customer asks to cancel it. Stop, and finish its run with what was delivered: the rest is paid back.",
    ),
    flags.CANCEL_UNHEARD: (
        "cancel without an answer",
        "The provider was asked several times to cancel it and gave no answer. Ask it there; it is asked on, hourly.",
    ),
    flags.TAKEN_LATE: (
        "taken after it was given up",
        "The provider answered late that it took a try which had been decided otherwise. It may deliver twice: ask it "
        "to cancel one of the two, then dismiss this.",
    ),
    flags.DEARER: (
        "dearer than listed",
        "The provider charges more for it than its list says. It goes on, and the customer's price stays. Read the "
        "list anew or ask the provider, then dismiss this.",
    ),
    flags.APPEALED: (
        "its owner appealed",
        "The customer asks a person to look at a decision again. Uphold or overturn it on the appeal's page.",
    ),
    ReportFlag.UNKNOWN_WORD.value: ("unknown status word", "The provider used a status that no rule knows."),
    ReportFlag.IMPOSSIBLE_NUMBER.value: (
        "impossible number",
        "The provider reported a number that cannot be. If it calls the order ended, ask it, then end it with the "
        "number found.",
    ),
    ReportFlag.REMAINS_MISSING.value: (
        "remains not stated",
        "It ended, and the provider left out how much is missing. Ask it, then end it with the number found.",
    ),
    ReportFlag.CONTRADICTED.value: (
        "an end that cannot be true",
        "The provider calls it ended, with less than it reported before, or with all of it and nothing charged. Ask "
        "it, then end it with the number found.",
    ),
    ReportFlag.REGRESSED.value: ("fewer than before", "The provider reported less delivered than it did before."),
    ReportFlag.OVER_DELIVERED.value: (
        "more than bought",
        "More was delivered than was bought. Nobody is charged for it.",
    ),
    ReportFlag.UNSEEN.value: (
        "nobody can see it",
        "It has made no known progress for the hours of its policy, and no report says how it stands. Look it up "
        "there. A report that proves a standstill pays it back by itself; until then no money moves, unless you give "
        "it up.",
    ),
    ReportFlag.NOT_IN_ANSWER.value: ("left out of an answer", "The provider answered without this run."),
}

# Why a route does not take a run, or why a run left it.
SKIPS: Mapping[str, str] = {
    Skip.OFF.value: "it is switched off",
    Skip.TYPE.value: "it does not deliver this type",
    Skip.REFUSED.value: "it refused this order",
    Skip.LOSS.value: "it costs more than the customer pays",
    Skip.PAUSED.value: "it is paused",
    Skip.SILENT.value: "it does not answer",
    Skip.ASKED_TO_WAIT.value: "it asked us to wait",
    Skip.LOW_FUNDS.value: "our money there does not suffice",
    Skip.FULL.value: "it has as many as it takes at once",
}

# What a provider said, or a line did, so that a run left for another one.
LEFT: Mapping[str, str] = {
    **SKIPS,
    "service": "it does not have that service",
    "quantity": "it does not take that quantity",
    "funds": "our money there is used up",
    "key": "it refused our key",
    "account": "our account there is closed",
}

# Why an order is held, in a few words.
HELD: Mapping[str, str] = {
    HeldReason.NO_PROVIDER.value: "nobody who delivers it is switched on",
    HeldReason.PROVIDER_PAUSED.value: "its provider is paused, or our money there does not suffice",
    HeldReason.PROVIDER_SILENT.value: "its provider does not answer",
    HeldReason.PROVIDER_BUSY.value: "its provider asked us to wait",
}

_INTERNAL = {
    "linked": "Part {run} was found at the provider as number {provider_order_id}. {reason}",
    "parked": "Part {run} is not sent again by itself: it proved not to arrive. {reason}",
    "resent": "Part {run} goes out again, because the provider does not have it. {reason}",
    "given_up": "Part {run} was given up as undelivered. {reason}",
    "ended_by_hand": "Part {run} was ended by hand with {delivered} delivered. {reason}",
    "regressed": "The provider went back: part {run} had {known} units, and it said {status}, {remains} remain.",
    "rerouted": "Part {run} goes to {to} instead of {from}: {reason}.",
    "nobody_takes_it": "No route takes it: {skipped}.",
    "taken": "Part {run} was taken, to be delivered by hand.",
    "taken_over": "Part {run}, which is delivered by hand, was taken over. {reason}",
    "reported": "Part {run}: {delivered} delivered so far. {reason}",
    "finished": "Part {run} was finished with {delivered} delivered. {reason}",
    "cancel_declined": "The provider declined the cancel. It said: {said}",
    "dismissed": "The flag “{flag}” was dismissed. {reason}",
}


def flag(kind: str) -> str:
    """A flag in a few words."""
    return FLAGS[kind][0]


def flag_advice(kind: str) -> str:
    """What a flag asks of a person."""
    return FLAGS[kind][1]


def facts(known: Mapping[str, object]) -> dict[str, object]:
    """What is known about a flag, by name; what nobody knows is left out."""
    return {name.replace("_", " "): fact(name, value) for name, value in known.items() if value not in (None, "")}


def held(reason: str) -> str:
    """Why an order is held, in a few words."""
    return HELD.get(reason, reason.replace("_", " "))


def event(line: OrderEvent) -> str:
    """A line of a timeline, public or not, as a sentence."""
    internal = _INTERNAL.get(line.kind)
    if internal is None:
        return wording.event(line.kind, status=line.status, facts=line.facts)
    facts = dict(line.facts)
    if "flag" in facts:
        facts["flag"] = flag(str(facts["flag"]))
    if "reason" in facts:
        facts["reason"] = LEFT.get(str(facts["reason"]), facts["reason"])
    if "skipped" in facts:
        facts["skipped"] = skipped(facts["skipped"]) or "its service has none"
    return internal.format_map(defaultdict(str, facts))


def fact(name: str, value: object) -> object:
    """What a flag knows, as staff read it: codes in words."""
    if name == "skipped" and isinstance(value, Mapping):
        return skipped(value) or "its service has no route"
    return HELD.get(str(value), value) if name == "reason" else value


def skipped(by_route: Mapping[str, str]) -> str:
    """Who did not take a run, and why, in a line."""
    return "; ".join(f"{route}: {SKIPS.get(why, why)}" for route, why in by_route.items())
