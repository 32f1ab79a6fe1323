"""The command line: `python -m smmpanel.embedded exec [--throwaway] -- COMMAND…`, and `… up` for the whole panel."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from smmpanel.embedded import console, interrupts, panel, places, services
from smmpanel.embedded.postgres import PostgresError
from smmpanel.embedded.redis import RedisError

STOP_SECONDS = 30


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m smmpanel.embedded", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    run = commands.add_parser("exec", help="run a command with Postgres and Redis beside it")
    run.add_argument("--throwaway", action="store_true", help="start empty, leave nothing behind")
    run.add_argument("argv", nargs="+", metavar="COMMAND")
    commands.add_parser("up", help="run the whole panel until Ctrl-C")
    options = parser.parse_args(arguments)
    interrupts.listen()
    try:
        if options.command == "up":
            return panel.up(places.ROOT, environment=services.configured(places.ROOT))
        return execute(options.argv, throwaway=options.throwaway)
    except interrupts.Interrupted as interrupted:
        return interrupted.status
    except (PostgresError, RedisError) as error:
        console.complain(str(error))
        return 1


def execute(argv: list[str], *, throwaway: bool) -> int:
    """Run a command with its services beside it; return its exit status, or 128 + the signal that ended it."""
    with _services(throwaway=throwaway) as found:
        child = None
        try:
            with interrupts.held():  # or a child just started would be nobody's, and outlive us
                child = subprocess.Popen(argv, env={**os.environ, **found})
            status = child.wait()
        except interrupts.Interrupted as interrupted:
            if child is not None:
                _pass_on(interrupted.number, child)
            raise
    return status if status >= 0 else 128 - status


@contextmanager
def _services(*, throwaway: bool) -> Iterator[dict[str, str]]:
    home = services.Home(places.VAR)
    with ExitStack() as running:
        if throwaway:
            found = running.enter_context(services.throwaway(given=dict(os.environ)))
        else:
            try:
                running.enter_context(services.alone(home))
                found = running.enter_context(services.kept(home, given=services.configured(places.ROOT)))
            except services.AlreadyRunning:
                found = places.read_env(home.env_file)
        yield found


def _pass_on(number: int, child: subprocess.Popen[bytes]) -> None:
    if number != signal.SIGINT or not interrupts.terminal_tells_our_group():
        child.send_signal(number)
    try:
        child.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
