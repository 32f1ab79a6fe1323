"""`make bench`: every goal with its bare limit, printed as a ratio and kept in var/bench.json."""

import argparse
import json
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import django
from django.core.management import call_command

from tests.bench.measuring import Figure
from tests.bench.sizes import SIZES

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "var" / "bench.json"


def goals(sizes: Sequence[int]) -> dict[str, Callable[[], Figure]]:
    """Each goal at its full size, P1 to P5 at these. Imported late: models need Django set up."""
    from tests.bench import first_page, looking, placing, refreshing, rehearsal, statement, worker

    return {
        "P1": lambda: looking.p1(of=sizes),
        "P2": lambda: refreshing.p2(of=sizes),
        "P3": lambda: looking.p3(of=sizes),
        "P4": lambda: refreshing.p4(of=sizes),
        "P5": lambda: worker.p5(of=sizes),
        "P6": lambda: placing.p6(orders=1000, wallets=1000),
        "P8": lambda: placing.p8(orders=2000, wallets=1001),
        "P9": lambda: statement.p9(large=5_000_000),
        "P12": first_page.p12,
        "D50": lambda: rehearsal.rehearsal(decisions=10_000, open_orders=2000),
    }


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Goals as ratios in one run.")
    parser.add_argument("goals", nargs="*", help="such as P1 P6; all where none is named")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="numbers of live orders for P1 to P5")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended
    django.setup()
    call_command("migrate", verbosity=0)
    _refuse_a_database_in_use()
    chosen = {name: goal for name, goal in goals(asked.sizes).items() if not asked.goals or name in asked.goals}
    figures = []
    for number, (name, measure) in enumerate(chosen.items(), start=1):
        print(f"[{number}/{len(chosen)}] {name} …", file=sys.stderr, flush=True)
        figures.append(measure())
        _print(figures[-1])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({figure.name: figure.as_json() for figure in figures}, indent=2, default=str) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory of this process: {peak} MiB at most; the same as JSON: {RESULT.relative_to(ROOT)}")


def _refuse_a_database_in_use() -> None:
    """What is measured is made up, and the orders that were there before would go."""
    from orders.models import Order

    if Order.objects.exists():
        sys.exit("This database has orders, and the benchmarks would empty it: `make bench` has one of its own.")


def _print(figure: Figure) -> None:
    print(f"{figure.name}  {figure.goal}")
    print(f"     {figure.value:,.1f} against {figure.limit:,.1f} {figure.unit}: ratio {figure.ratio:.2f}")
    print(f"     n: {figure.n:,}")
    for name, value in figure.notes.items():
        print(f"     {name}: {_told(value)}")
    sys.stdout.flush()


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(part)}" for name, part in value.items())
    return f"{value:,.2f}" if isinstance(value, float) else f"{value}"


if __name__ == "__main__":
    main(sys.argv[1:])
