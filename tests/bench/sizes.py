"""One goal at several numbers of live orders: the figure at its own size, what the others came to, how it grows."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.bench.measuring import Figure

SIZES = (10_000, 100_000, 1_000_000)
BAR = 20

T = TypeVar("T")


def at_each(sizes: Sequence[int], measure: Callable[[int], Figure], *, goal_size: int, is_rate: bool = False) -> Figure:
    """The figure at `goal_size`, or at the largest where that is left out, with all of them beside it.

    growth: how many times as much one order costs among the most as among the fewest. is_rate: the value is orders a
    second, not a cost.
    """
    figures = {size: measure(size) for size in steps(sorted(sizes), "live orders")}
    chosen = figures[goal_size if goal_size in figures else max(figures)]
    least, most = figures[min(figures)], figures[max(figures)]
    by_size = {f"{size:,} live orders": _line(figure) for size, figure in figures.items()}
    growth = least.value / most.value if is_rate else most.value / least.value
    return replace(chosen, notes={**chosen.notes, "growth": growth, **by_size})


def steps(items: Sequence[T], label: str) -> Iterator[T]:
    """The items, one after the other, with a bar on stderr of how far we are."""
    for number, item in enumerate(items):
        done = BAR * number // len(items)
        print(f"    [{'#' * done}{'.' * (BAR - done)}] {label}: {item:,}", file=sys.stderr, flush=True)
        yield item


def _line(figure: Figure) -> dict[str, object]:
    own = {name: value for name, value in figure.notes.items() if isinstance(value, int | float | dict)}
    return {"value": figure.value, "limit": figure.limit, "ratio": figure.ratio, **own}
