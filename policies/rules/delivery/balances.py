"""What a provider's balance before and after a wave says about one submission without a clear answer (reliability 2).

Evidence for a person, never a decision: others may spend from the same account.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from policies.rules.vocabulary import BalanceSays

SLACK = Decimal("0.01")  # of the submission's cost: providers round
MOST_UNCLEAR = 10  # of one wave: with more, some sum always fits


def what_the_balance_says(
    *, spent: Decimal | None, certain: Sequence[Decimal | None], this: Decimal | None, unclear: Sequence[Decimal | None]
) -> BalanceSays:
    """Whether what was spent can be explained only with this submission, only without it, or neither or both ways.

    spent: what the balance fell by, None where it proves nothing. certain: costs of what was taken for certain. this:
    cost of the one in question. unclear: costs of the others without a clear answer. In the provider's currency; None
    for a cost that nobody knows.
    """
    known = [cost for cost in (*certain, *unclear) if cost is not None]
    if spent is None or not this or len(known) < len(certain) + len(unclear) or len(unclear) > MOST_UNCLEAR:
        return BalanceSays.NOTHING
    rest = spent - sum(known[: len(certain)], Decimal(0))
    with_it, without_it = _fits(rest - this, known[len(certain) :], this), _fits(rest, known[len(certain) :], this)
    if with_it == without_it:
        return BalanceSays.NOTHING
    return BalanceSays.TAKEN if with_it else BalanceSays.NOT_TAKEN


def _fits(rest: Decimal, costs: Sequence[Decimal], this: Decimal) -> bool:
    """Whether some of the costs add up to the rest."""
    sums = (sum(some, Decimal(0)) for size in range(len(costs) + 1) for some in combinations(costs, size))
    return any(abs(rest - each) <= SLACK * this for each in sums)
