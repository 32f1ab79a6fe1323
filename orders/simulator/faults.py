"""Which trouble an order or an answer gets: parsing what was asked for, and drawing it, reproducibly, with the seed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from orders.simulator.progress import ENDINGS, dice

ORDER_KINDS = {*ENDINGS, "word", "remains", "regress", "unfinish", "recount", "charge"}  # how an order goes
REFUSALS = {"error", "http_429"}  # an add answered so was not accepted, unless asked for otherwise
ANSWER_KINDS = REFUSALS | {
    "http_500",
    "http_502",
    "html",
    "empty",
    "garbage",
    "wrong_shape",
    "gzip_bomb",
    "huge",
    "slow_drip",
    "late",
    "drop",
    "same_id",
    "missing",
}
WEBHOOK = "webhook"  # the action that these are asked for with
WEBHOOK_KINDS = {"duplicate", "shuffled", "delayed", "forged", "stale", "lost"}  # how the sandbox tells of a payment
NUMERIC = {*ENDINGS, "recount", "charge", "slow_drip", "late", "missing", "http_429", *WEBHOOK_KINDS}

Trouble = tuple[str, str]


class BadFault(ValueError):
    """What was asked for is no trouble that the simulator knows."""


@dataclass(slots=True)
class Fault:
    """A wish that stands: spoil the next `left` answers of an action, or a `rate` of them. accepted: a chance."""

    action: str
    troubles: list[Trouble]
    left: int | None
    rate: float
    accepted: float | None


@dataclass(slots=True)
class Picked:
    """The troubles of one request. accepted: whether an `add` so answered is carried out."""

    troubles: list[Trouble] = field(default_factory=list)
    accepted: bool = True

    def argument(self, kind: str) -> str | None:
        return next((argument for name, argument in self.troubles if name == kind), None)

    @property
    def of_the_order(self) -> tuple[Trouble, ...]:
        return tuple(trouble for trouble in self.troubles if trouble[0] in ORDER_KINDS)


class Faults:
    """The wishes that stand. Drawing counts up, so that the same seed and calls give the same troubles."""

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self.standing: list[Fault] = []
        self._drawn = 0

    def ask(self, wishes: Iterable[dict[str, object]]) -> None:
        """Add wishes as `POST /control` words them. Raises BadFault, and then adds none."""
        self.standing += [_fault(wish) for wish in wishes]

    def reset(self) -> None:
        self.standing.clear()

    def pick(self, action: str, link: str) -> Picked:
        """The troubles of this request: those of its link, then the first standing wish that strikes."""
        picked = Picked(in_link(link))
        picked.accepted = not any(kind in REFUSALS for kind, _ in picked.troubles)
        fault = next((fault for fault in self.standing if fault.action in (action, "*") and self._strikes(fault)), None)
        if fault:
            trouble = fault.troubles[int(self._draw() * len(fault.troubles))]
            chance = fault.accepted if fault.accepted is not None else float(trouble[0] not in REFUSALS)
            picked.troubles.append(trouble)
            picked.accepted = picked.accepted and self._draw() < chance
        self.standing = [fault for fault in self.standing if fault.left != 0]
        return picked

    def of_a_webhook(self) -> list[Trouble]:
        """The troubles of one webhook: one of each standing wish that strikes, so that wishes add up."""
        striking = [fault for fault in self.standing if fault.action == WEBHOOK and self._strikes(fault)]
        troubles = [fault.troubles[int(self._draw() * len(fault.troubles))] for fault in striking]
        self.standing = [fault for fault in self.standing if fault.left != 0]
        return troubles

    def _strikes(self, fault: Fault) -> bool:
        if fault.left is None:
            return self._draw() < fault.rate
        fault.left -= 1
        return True

    def _draw(self) -> float:
        self._drawn += 1
        return dice(self.seed, "fault", self._drawn)


def in_link(link: str) -> list[Trouble]:
    """The troubles that a link's `?sim=` asks for; what it does not know, it leaves out."""
    if "sim=" not in link:
        return []
    asked = ",".join(parse_qs(urlsplit(link).query).get("sim", []))
    troubles = []
    for wish in filter(None, asked.split(",")):
        try:
            troubles.append(trouble(wish))
        except BadFault:
            continue
    return troubles


def trouble(wish: str, *, kinds: Collection[str] = ORDER_KINDS | ANSWER_KINDS) -> Trouble:
    """`kind:argument` taken apart. Raises BadFault."""
    kind, _, argument = wish.partition(":")
    if kind not in kinds:
        raise BadFault(f"unknown kind {kind!r}")
    if kind in NUMERIC and argument:
        try:
            float(argument)
        except ValueError:
            raise BadFault(f"{kind} takes a number") from None
    return kind, argument


def _fault(wish: dict[str, object]) -> Fault:
    kinds = wish.get("kind")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    left, rate, accepted = wish.get("next"), wish.get("rate"), wish.get("accepted")
    if not isinstance(kinds, list) or not kinds or (left is None) == (rate is None):
        raise BadFault("a fault has kind, and either next or rate")
    if not all(isinstance(number, int | float | None) for number in (left, rate, accepted)):
        raise BadFault("next, rate and accepted are numbers")
    action = str(wish.get("action", "*"))
    known = WEBHOOK_KINDS if action == WEBHOOK else ORDER_KINDS | ANSWER_KINDS
    return Fault(
        action=action,
        troubles=[trouble(str(kind), kinds=known) for kind in kinds],
        left=None if left is None else int(str(left)),
        rate=float(str(rate or 0)),
        accepted=None if accepted is None else float(str(accepted)),
    )
