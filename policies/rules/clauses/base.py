"""What a clause, a parameter and a reason are; nothing about any one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Value = str | int | Decimal | datetime | None
"""What a reason may state as a fact, and a version as a parameter's value."""

Params = Mapping[str, object]
"""A policy version's parameters as they lie in its row; what it lacks is read from the declared default."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered sentence of a published policy. Ids are permanent and never reused.

    The sentence itself, with its numbers, belongs to a version in the database; the function that cites the clause is
    what we enforce. `ours` marks a rule that the source policies do not state. `rule` names the function that enforces
    it, as "module.function" under policies.rules; an informational clause has none.
    """

    id: str  # "refund.7.2"
    heading: str
    ours: bool = False
    rule: str = ""

    @property
    def policy(self) -> str:
        """The slug of the policy it stands in."""
        return self.id.partition(".")[0]

    @property
    def is_enforced(self) -> bool:
        """Whether code decides by it; otherwise it informs."""
        return bool(self.rule)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number (or a closed choice) that a clause leaves open and a policy version settles.

    default: what a version that lacks it means. minimum, maximum: inclusive, for numbers. choices: for words.
    ours: whether the source policies leave it open, so that the page marks it.
    """

    name: str
    clause: Clause
    unit: str
    default: int | str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """A clause, and the fact about this case that made it apply. `policies.wording` turns it into a sentence."""

    clause: Clause
    finding: str  # a code, "undelivered_part"
    facts: Mapping[str, Value] = field(default_factory=dict)
