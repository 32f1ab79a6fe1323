"""Starts the simulated provider from the command line."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from orders.simulator.catalogue import UNIT
from orders.simulator.journal import Journal
from orders.simulator.lines import CannotOpen
from orders.simulator.payments import Payments
from orders.simulator.provider import Provider
from orders.simulator.server import Server

DEMO_KEY = "demo-simulator-key"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags, for this command line and for `manage.py simulate_provider`."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data", type=Path, default=Path("var/simulator"), help="folder of the journal")
    parser.add_argument("--seed", type=int, default=1, help="catalogue, progress and drawn faults follow from it")
    parser.add_argument("--speed-up", type=float, default=60.0, help="simulated seconds in a second")
    parser.add_argument("--key", default=DEMO_KEY, help="the one API key that is accepted")
    parser.add_argument("--currency", default="USD")
    parser.add_argument("--balance", type=float, default=1_000_000.0, help="what the panel has paid in beforehand")
    parser.add_argument("--no-request-ids", action="store_true", help="be like most providers: no request ids")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait so long before each answer")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C. Answers the exit code: 1, with a sentence on stderr, where it cannot start."""
    try:
        journal = Journal(options.data, seed=options.seed, opening=round(options.balance * UNIT))
        payments = Payments(options.data, seed=options.seed)
    except CannotOpen as taken:
        sys.stderr.write(f"simulator: {taken}\n")
        return 1
    provider = Provider(
        journal,
        key=options.key,
        currency=options.currency,
        speed=options.speed_up,
        request_ids=not options.no_request_ids,
    )
    try:
        secret = os.environ.get(
            "SANDBOX_SECRET", ""
        )  # not a flag: every process may read what another was started with
        server = Server(provider, payments, secret=secret, latency=options.latency_ms / 1000)
        asyncio.run(_announced(server, options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"simulator: cannot listen on {options.host}:{options.port}: {error.strerror or error}\n")
        return 1
    finally:
        journal.close()
        payments.close_file()
    return 0


async def _announced(server: Server, host: str, port: int) -> None:
    ready = asyncio.Event()

    async def announce() -> None:
        await ready.wait()
        sys.stdout.write(f"simulated provider on http://{host}:{port}/api/v2\n")
        sys.stdout.flush()

    announcing = asyncio.create_task(announce())
    try:
        await server.serve(host, port, ready=ready)
    finally:
        announcing.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orders.simulator", description="A provider that delivers nothing.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
