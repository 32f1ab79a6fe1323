"""What one run is to be, from the command line."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAFETIES = ("claim", "unknown", "lease", "request_key", "durability")


@dataclass(frozen=True, slots=True)
class Choices:
    """without: the safety that is switched off, for a negative control. out: where the counts are left as JSON."""

    orders: int
    clients: int
    kills: int
    seed: int
    latency_ms: int
    spoiled: float
    still_seconds: float
    no_request_ids: bool
    without: str
    out: Path


def read(arguments: Sequence[str], description: str | None) -> Choices:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=description)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--kills", type=int, default=50, help="processes that die, two at a time")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10_000), help="of the moments and the victims"
    )
    parser.add_argument("--latency-ms", type=int, default=100, help="of the provider")
    parser.add_argument("--spoiled", type=float, default=0.06, help="share of its answers that are late, lost or wrong")
    parser.add_argument("--still-seconds", type=float, default=30, help="what moves no more for so long is forgotten")
    parser.add_argument("--no-request-ids", action="store_true", help="a provider that cannot be asked, as most are")
    parser.add_argument("--without", choices=SAFETIES, default="", help="a safety to do without: the counts must fail")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "chaos.json")
    return Choices(**vars(parser.parse_args(arguments)))
