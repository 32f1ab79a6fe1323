"""`make run`: services, migrations, demo data and every process of the panel, from nothing to a page that answers."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smmpanel.embedded import console, interrupts, places, processes, services
from smmpanel.embedded.children import ChildDied, Children, Program, fresh_log, sweep, tail
from smmpanel.embedded.services import Home

READY_SECONDS = 90
WATCH_SECONDS = 0.25
WEB_KILL_SECONDS = 8  # a web worker that is told to end while it is starting never does; its parent waits so long
LONGEST_CALL_SECONDS = 45  # a worker may be waiting for a provider's answer (35 s); killing it would make unknowns


class CannotStart(Exception):
    """What keeps the panel from starting, in words for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person at the terminal chose, by environment variables."""

    port: int = 8000
    simulator_port: int = 8001
    demo: bool = True
    bind: str = "127.0.0.1"  # the demo's passwords are known to all: nobody else on the network should reach it
    site_url: str = ""

    @property
    def url(self) -> str:
        return self.site_url or f"http://127.0.0.1:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    def settings(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that these choices set for every process."""
        if not self.demo:
            return {"SITE_URL": self.url, "DEMO": "0", "SANDBOX_URL": "", "SANDBOX_SECRET": ""}
        return {
            "SITE_URL": self.url,
            "DEMO": "1",
            "STAFF_MFA_REQUIRED": given.get("STAFF_MFA_REQUIRED", "0"),
            "SANDBOX_URL": self.simulator_url,
            "OUTBOUND_ALLOW": f"127.0.0.1:{self.simulator_port}",
            "POLL_SECONDS": given.get("POLL_SECONDS", "2"),  # one may watch the demonstration
        }


def choose(environment: dict[str, str]) -> Choices:
    """Read PORT, SIMULATOR_PORT, DEMO, BIND and SITE_URL. Raises `CannotStart` for a port that is none."""
    return Choices(
        port=_port(environment, "PORT", 8000),
        simulator_port=_port(environment, "SIMULATOR_PORT", 8001),
        demo=environment.get("DEMO", "1").lower() not in ("0", "false", "no", ""),
        bind=environment.get("BIND", "127.0.0.1"),
        site_url=environment.get("SITE_URL", ""),
    )


def up(root: Path, *, environment: dict[str, str]) -> int:
    """Run the panel until Ctrl-C or SIGTERM (exit status 0), or until something fails (1)."""
    begun, home = time.monotonic(), Home(root / "var")
    try:
        choices = choose(environment)
        with services.alone(home):
            sweep(home)
            refuse_taken_ports(choices)
            _run(root, home, choices, environment, begun)
    except interrupts.Interrupted:
        return 0
    except services.AlreadyRunning:
        console.complain("A panel of this clone is running already. Stop it first (Ctrl-C where it runs).")
    except (CannotStart, ChildDied) as problem:
        console.complain(str(problem))
    return 1


def refuse_taken_ports(choices: Choices) -> None:
    """Raise `CannotStart` when one of the ports is in use."""
    wanted = {"PORT": choices.port} | ({"SIMULATOR_PORT": choices.simulator_port} if choices.demo else {})
    if len(set(wanted.values())) < len(wanted):
        raise CannotStart("PORT and SIMULATOR_PORT must differ.")
    for name, port in wanted.items():
        if processes.port_in_use(port, choices.bind if name == "PORT" else "127.0.0.1"):
            raise CannotStart(
                f"Port {port} is in use. Stop what listens there, or choose another: make run {name}={port + 10}"
            )


def programs(choices: Choices, home: Home) -> list[Program]:
    """Return the panel's processes but for the simulator."""
    celery = [sys.executable, "-m", "celery", "-A", "smmpanel"]
    worker = [*celery, "worker", "--without-mingle", "--without-gossip", "--loglevel", "INFO", "--pool", "threads"]
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "8"]
    granian += ["--workers-kill-timeout", str(WEB_KILL_SECONDS)]
    beat = [*celery, "beat", "--loglevel", "INFO", "--pidfile="]
    return [
        Program("web", [*granian, "--host", choices.bind, "--port", str(choices.port), "smmpanel.wsgi:application"]),
        Program("upstream", [*worker, "-Q", "upstream", "-n", "upstream@%h", "-c", "8"], LONGEST_CALL_SECONDS),
        Program("clock", [*worker, "-Q", "clock", "-n", "clock@%h", "-c", "1"], LONGEST_CALL_SECONDS),
        Program("beat", beat),
    ]


def simulator(choices: Choices, home: Home) -> Program:
    """Return the simulated provider's process."""
    place = ["--port", str(choices.simulator_port), "--data", str(home.var / "simulator")]
    return Program("simulator", [sys.executable, "-m", "orders.simulator", *place])


def _run(root: Path, home: Home, choices: Choices, given: dict[str, str], begun: float) -> None:
    with stopping() as running:
        with console.step("Starting PostgreSQL and Redis"):
            found = running.enter_context(services.kept(home, given=given))
        settings = {**found, **choices.settings(given)}
        places.write_env(home.env_file, settings)  # so that manage.py beside us sees what our processes see
        running.callback(places.write_env, home.env_file, found)
        children = Children(home, root, {**given, **settings, "PYTHONUNBUFFERED": "1"})
        running.callback(children.stop)
        _start(children, choices)
        _greet(home, choices, time.monotonic() - begun)
        while True:
            children.watch()
            watch_services(home, found)
            time.sleep(WATCH_SECONDS)


def watch_services(home: Home, found: Mapping[str, str]) -> None:
    """Raise `CannotStart` when a server of ours has ended: the panel would answer with errors from then on."""
    for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
        record = home.record(name)
        if variable in found and record.exists() and processes.recall(record) is None:
            raise CannotStart(
                f"{name} ended by itself; see its log under {home.var}. Start again to go on with the same data."
            )


@contextmanager
def stopping() -> Iterator[ExitStack]:
    """Collect what must be stopped, the last started first, and say how long it took."""
    running = ExitStack()
    try:
        yield running
    finally:
        console.say("")
        with console.step("Stopping"):
            running.close()


def _start(children: Children, choices: Choices) -> None:
    home = children.home
    fresh_log(home.log("setup"))
    if choices.demo:
        children.start(simulator(choices, home))
    _manage(children, "Migrating the database", "migrate", "--no-input")
    _manage(children, "Collecting static files", "collectstatic", "--no-input", "--verbosity", "0")
    _manage(children, "Seeding policies, groups and accounts", "seed")
    if choices.demo:
        with console.step("Waiting for the provider simulator"):
            _wait(children, choices.simulator_port, "/")
        urls = ["--url", choices.url, "--api-url", f"{choices.url}/api/v2", "--simulator-url", choices.simulator_url]
        _manage(children, "Loading demo data", "demo", *urls, "--out", str(home.var / "demo.json"))
    with console.step("Starting web server, workers and timetable"):
        children.start(*programs(choices, home))
        _wait(children, choices.port, "/readyz")


def _manage(children: Children, title: str, *command: str) -> None:
    """Run one of Django's commands; its output goes to `var/log/setup.log`, and is shown when it fails."""
    log = children.home.log("setup")
    with console.step(title), log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=children.folder,
            env=children.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotStart(f"manage.py {command[0]} failed. The end of {log}:\n{tail(log)}")
        children.watch()


def _wait(children: Children, port: int, path: str) -> None:
    """Wait until a process of ours answers; below status 500 it is ready."""

    def answered() -> bool:
        children.watch()
        return _status(port, path) < http.HTTPStatus.INTERNAL_SERVER_ERROR

    if not processes.wait_until(answered, seconds=READY_SECONDS):
        raise CannotStart(f"http://127.0.0.1:{port}{path} did not answer within {READY_SECONDS} s; see var/log.")


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 599
    finally:
        connection.close()


def _greet(home: Home, choices: Choices, seconds: float) -> None:
    console.say(f"\nsmmpanel answers on {choices.url} after {seconds:.1f} s. Ctrl-C stops it.\n")
    if not choices.demo:
        console.say("This installation is empty. Make its owner in another terminal:\n")
        console.say("    .venv/bin/python manage.py createsuperuser\n")
        return
    for line in logins(json.loads((home.var / "demo.json").read_text())):
        console.say(line)


def logins(demo: dict[str, Any]) -> list[str]:
    """Word what `var/demo.json` holds for a person."""
    people = {"customer": demo["customer"], **demo["staff"]}
    lines = [f"    {name:<10} {person['email']:<28} {person['password']}" for name, person in people.items()]
    return [
        *lines,
        f"\n    API v2     {demo['api_url']}  key {demo['customer']['api_key']}",
        f"    Provider   {demo['simulator_url']} (a simulator: nothing is sent to any platform)",
        "    Payments   a sandbox in the simulator: no money moves",
        "    Logs in var/log, mail in var/mail; the same facts for programs in var/demo.json.\n",
        "    DEMO: passwords are known and staff need no second factor. Do not let others reach this installation.",
    ]


def _port(environment: dict[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"{name} must be a TCP port, 1 to 65535; it is {text!r}.")
    return int(text)
