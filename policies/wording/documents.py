"""A policy's text with its version's numbers in place: the sentence names what is enforced (decision 20)."""

from collections.abc import Mapping

from policies.rules.clauses import PARAMETERS, Parameter, Params

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIMES = {0: "never", 1: "once", 2: "twice"}
_COUNTING = {
    "business_days": "24 hours here mean one working day, and what reaches us while we are closed counts from the next "
    "opening.",
    "business_hours": "Only hours in which we are there are counted.",
    "elapsed": "Hours are counted round the clock; a time at which we are closed moves to the next opening.",
}


def fill(text: str, *, params: Params, facts: Mapping[str, str]) -> str:
    """Put numbers into a clause's text. params: a version's; facts: of the installation, such as support_email.

    Policy texts are English (decision 23). Raises KeyError for a placeholder that nothing declares.
    """
    return text.format_map({**{each.name: said(each, params) for each in PARAMETERS}, **facts})


def said(declared: Parameter, params: Params) -> str:
    """A parameter's value as a text says it: "2 %", "Monday to Friday", "1,000"."""
    value = params.get(declared.name, declared.default)
    if declared.unit == "ISO weekdays":
        return weekdays(str(value))
    if declared.unit == "way to count":
        return _COUNTING[str(value)]
    if not isinstance(value, int):
        return str(value)
    if declared.unit == "basis points":
        return f"{value / 100:g} %"
    if declared.unit == "times":
        return _TIMES.get(value, f"{value} times")
    return f"{value:,}"


def weekdays(digits: str) -> str:
    """ISO weekday digits as a reader says them: "12345" is "Monday to Friday", "135" each by name."""
    names = [_DAYS[int(digit) - 1] for digit in sorted(digits)]
    if len(names) > 2 and "".join(sorted(digits)) in "1234567":
        return f"{names[0]} to {names[-1]}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


SECTIONS = {
    "refund.1": "About this policy",
    "refund.2": "How an order is handled",
    "refund.3": "Speed",
    "refund.4": "Bit by bit",
    "refund.5": "What we need from you",
    "refund.6": "Interruptions and failure",
    "refund.7": "How exact a delivery is",
    "refund.8": "Refills",
    "refund.9": "The platforms",
    "refund.10": "What is not promised",
    "refund.11": "If something is wrong",
    "refund.12": "What you accept",
    "support.2": "What we help with",
    "support.3": "How to reach us",
    "support.4": "When we are there",
    "support.5": "How soon we answer",
    "support.6": "What we cannot help with",
    "support.7": "Limits",
    "support.8": "How to write to us",
    "support.9": "Changes",
    "support.10": "Contact",
    "terms.1": "What these terms are",
    "terms.2": "You and your account",
    "terms.3": "What you buy",
    "terms.4": "Money",
    "terms.5": "What you may order",
    "terms.6": "Programs and resellers",
    "terms.7": "Liability",
    "terms.8": "Ending it",
    "terms.9": "Changes",
    "terms.10": "In general",
    "privacy.1": "About this notice",
    "privacy.2": "Which data",
    "privacy.3": "Why",
    "privacy.4": "Who receives some of it",
    "privacy.5": "How long",
    "privacy.6": "Cookies",
    "privacy.7": "Your rights",
    "privacy.8": "Changes",
}


def section_of(clause_id: str) -> str:
    """The section a clause stands in: "refund.7" for "refund.7.2"."""
    policy, number, *_ = clause_id.split(".")
    return f"{policy}.{number}"
