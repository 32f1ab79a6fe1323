"""What an answer to a submission means: the one place where it is decided whether it may be sent again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from orders.providers import wire
from orders.providers.base import Answer
from plumbing.outbound import Answered, NotSent, Unanswered
from policies.rules.vocabulary import Submission

TOO_MANY_REQUESTS = 429
REQUEST_TIMEOUT = 408
SHORTEST_PART = 3  # of what a customer wrote: fewer letters say nothing, and are in every text

# Texts of both dialects (api-v2 b.8), the first that fits. Whatever is not here is a definite no that a person reads.
_TEXTS = [
    (
        re.compile(r"not enough (funds|balance|money)|insufficient (funds|balance)|not_enough_funds|low balance"),
        Submission.PROVIDER_CLOSED,
        "funds",
    ),
    (
        re.compile(r"\b(invalid|incorrect|wrong|bad)( api)? ?key\b|\bkey is (incorrect|invalid|wrong)"),
        Submission.PROVIDER_CLOSED,
        "key",
    ),
    (
        re.compile(r"\baccount (has been |is )?(suspended|inactive|blocked|disabled|banned)"),
        Submission.PROVIDER_CLOSED,
        "account",
    ),
    (re.compile(r"active order (with|for|on) this link|link_duplicate"), Submission.NOT_ACCEPTED, "link_busy"),
    (re.compile(r"too many requests|rate limit|request limit"), Submission.NOT_ACCEPTED, "too_many_requests"),
    (
        re.compile(
            r"quantity (is )?(less|more|lower|higher|too)\b|(min|max)_quantity|\b(bad|incorrect|invalid) quantity"
        ),
        Submission.REJECTED,
        "quantity",
    ),
    (
        re.compile(r"\b(bad|incorrect|invalid|wrong) (link|url)\b|\blink is (bad|incorrect|invalid)|error\.link$"),
        Submission.REJECTED,
        "link",
    ),
    (
        re.compile(
            r"\b(bad|incorrect|invalid|wrong) service|incorrect_service_id|\bservice (is )?(not found|disabled)"
        ),
        Submission.REJECTED,
        "service",
    ),
    (re.compile(r"error\.comments?$"), Submission.REJECTED, "comments"),
]

# A no to canceling as such; "later" and "internal error" are asked again.
_NO_CANCEL = re.compile(r"cancel|incorrect (order|action|request)|not (allowed|available|possible|supported|found)")

# The numbers that one family of panels puts beside its texts, as "status" (api-v2 b.8).
_CODES = {
    "102": (Submission.PROVIDER_CLOSED, "key"),
    "103": (Submission.PROVIDER_CLOSED, "account"),
    "105": (Submission.REJECTED, "service"),
    "108": (Submission.REJECTED, "quantity"),
    "109": (Submission.REJECTED, "quantity"),
    "110": (Submission.REJECTED, "quantity"),
    "111": (Submission.REJECTED, "quantity"),
    "112": (Submission.REJECTED, "quantity"),
    "113": (Submission.PROVIDER_CLOSED, "funds"),
    "114": (Submission.UNKNOWN, "provider_error"),
    "115": (Submission.UNKNOWN, "provider_error"),
}


@dataclass(frozen=True, slots=True)
class Classified:
    """What became of one try.

    provider_order_id: set exactly when accepted. reason: a word of ours, at most 60 characters. retry_after_s: seconds
    the provider asks us to wait, at most an hour. provider_problem: funds, key or account when the provider must pause.
    detail: the start of the answer, for people; render it escaped only.
    """

    submission: Submission
    reason: str
    provider_order_id: int | None = None
    retry_after_s: int | None = None
    provider_problem: str | None = None
    detail: str = ""


def classify(answer: Answer, *, ours: Sequence[str] = ()) -> Classified:
    """Say what an answer to a submission proves (reliability section 2). Never raises.

    Accepted needs a proper id in a success; not sent means that no byte left; what proves nothing is unknown. ours:
    what the customer wrote, which a provider may repeat: a link that is called "not_enough_funds" closes no provider.
    """
    match answer:
        case NotSent():
            return Classified(Submission.NOT_SENT, answer.problem.value)
        case Unanswered():
            return Classified(Submission.UNKNOWN, answer.problem.value)
    said = wire.object_of(answer.body)
    detail = wire.excerpt(answer.body)
    if answer.status == TOO_MANY_REQUESTS and not (said and "order" in said):
        return _asked_to_wait(answer, detail)
    if not (200 <= answer.status < 300 or (400 <= answer.status < 500 and answer.status != REQUEST_TIMEOUT)):
        return Classified(Submission.UNKNOWN, f"http_{answer.status}", detail=detail)
    if said is None:
        return Classified(Submission.UNKNOWN, "not_an_object", detail=detail)
    accepted = answer.status < 300 and not said.get("error")
    return _acceptance(said, detail) if accepted else _refusal(said, answer.status, detail, ours)


def closing_problem(error: str) -> str | None:
    """Funds, key or account when a provider's text, in answer to whatever, says that it must pause; else None."""
    submission, reason = _meaning(error, None)
    return reason if submission is Submission.PROVIDER_CLOSED else None


def refuses_cancels(error: str) -> bool:
    """Whether a text, in answer to many cancels at once, is a no to all of them, and not a trouble of the moment."""
    submission, _ = _meaning(error, None)
    return submission is Submission.UNMAPPED and _NO_CANCEL.search(error.lower()) is not None


def _asked_to_wait(answer: Answered, detail: str) -> Classified:
    return Classified(
        Submission.NOT_ACCEPTED, "too_many_requests", retry_after_s=wire.retry_after(answer.headers), detail=detail
    )


def _acceptance(said: dict[str, object], detail: str) -> Classified:
    provider_order_id = wire.order_id(said.get("order"))
    if provider_order_id is None:
        reason = "improper_order_id" if "order" in said else "no_order_id"
        return Classified(Submission.UNKNOWN, reason, detail=detail)
    return Classified(Submission.ACCEPTED, "accepted", provider_order_id=provider_order_id, detail=detail)


def _refusal(said: dict[str, object], status: int, detail: str, ours: Sequence[str]) -> Classified:
    """A definite no, unless the answer contradicts itself or does not say what is wrong."""
    error = wire.error_of(said)
    if error is None or "order" in said:
        return Classified(Submission.UNKNOWN, "contradiction" if "order" in said else f"http_{status}", detail=detail)
    submission, reason = _meaning(_in_their_own_words(error, ours), said.get("status"))
    problem = reason if submission is Submission.PROVIDER_CLOSED else None
    return Classified(submission, reason, provider_problem=problem, detail=detail)


def _in_their_own_words(error: str, ours: Sequence[str]) -> str:
    """An error text without what it repeats of ours, whole or in parts. What is left in place never joins two words."""
    theirs = " ".join(error.lower().split())
    for part in sorted(_parts(ours), key=len, reverse=True):
        theirs = theirs.replace(part, "…")
    return theirs


def _parts(ours: Iterable[str]) -> set[str]:
    """Whole texts, their lines, and what stands between a link's separators, as written and unescaped."""
    said = {form.lower() for text in ours for form in (text, unquote(text))}
    lines = {" ".join(line.split()) for text in said for line in (text, *text.splitlines())}
    pieces = {piece for line in lines if "/" in line for piece in re.split(r"[/?#&=]+", line)}
    return {part for part in lines | pieces if len(part) >= SHORTEST_PART}


def _meaning(error: str, code: object) -> tuple[Submission, str]:
    if str(code) in _CODES:
        return _CODES[str(code)]
    plain = " ".join(error.lower().split()).rstrip(".! ")
    for pattern, submission, reason in _TEXTS:
        if pattern.search(plain):
            return submission, reason
    return Submission.UNMAPPED, "unmapped"
