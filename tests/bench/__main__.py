"""`make bench`: every goal with its bare limit, printed as a ratio and kept in var/bench.json."""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import django
from django.core.management import call_command

from tests.bench.measuring import Figure

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "var" / "bench.json"


def goals() -> dict[str, Callable[[], Figure]]:
    """Each goal at its full size. Imported late: models need Django set up."""
    from tests.bench import first_page, placing, rehearsal, statement

    return {
        "P6": lambda: placing.p6(orders=1000, wallets=1000),
        "P8": lambda: placing.p8(orders=2000, wallets=1001),
        "P9": lambda: statement.p9(large=5_000_000),
        "P12": first_page.p12,
        "D50": lambda: rehearsal.rehearsal(decisions=10_000, open_orders=2000),
    }


def main(wanted: list[str]) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    figures = []
    for number, (name, measure) in enumerate(chosen := _chosen(wanted), start=1):
        print(f"[{number}/{len(chosen)}] {name} …", file=sys.stderr, flush=True)
        figures.append(measure())
        _print(figures[-1])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({figure.name: figure.as_json() for figure in figures}, indent=2, default=str) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory of this process: {peak} MiB at most; the same as JSON: {RESULT.relative_to(ROOT)}")


def _chosen(wanted: list[str]) -> list[tuple[str, Callable[[], Figure]]]:
    return [(name, measure) for name, measure in goals().items() if not wanted or name in wanted]


def _print(figure: Figure) -> None:
    print(f"{figure.name}  {figure.goal}")
    print(f"     {figure.value:,.1f} against {figure.limit:,.1f} {figure.unit}: ratio {figure.ratio:.2f}")
    print(f"     n: {figure.n:,}")
    for name, value in figure.notes.items():
        print(f"     {name}: {value:,.1f}" if isinstance(value, float) else f"     {name}: {value}")


if __name__ == "__main__":
    main(sys.argv[1:])
