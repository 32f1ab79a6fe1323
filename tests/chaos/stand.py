"""A whole panel beside a provider, its customers' programs, and one run of all of it."""

import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from django.core.management import call_command

from plumbing import sql
from smmpanel.embedded.postgres import Postgres
from tests.chaos import sabotage
from tests.chaos.choices import Choices
from tests.chaos.clients import Clients
from tests.chaos.counting import Happened, what_happened
from tests.chaos.panel import WITH_WEB, Panel, strikes
from tests.chaos.ports import own_port
from tests.chaos.rig import SPEED_UP, Rig
from tests.orders.test_api_v2 import Reseller
from tests.orders.upstream import FUNDS, Upstream
from tests.simulator.conftest import Simulator
from tests.web_server import PLAIN_FILES

COMPANIONS = ("redis", "postgres", "web", "clock", "beat")  # one dies in each strike, beside the one that sends
LONGEST_WAIT = 0.4  # seconds
SPOILED = {"action": "add", "kind": ["late:3", "drop", "http_500"], "accepted": 0.5}
REFUSED = {"action": "add", "kind": "http_429:1", "next": 3}
BAR = 20


class Stand:
    """Everything started, and customers with money and keys. running: where what must be ended is put."""

    def __init__(self, choices: Choices, folder: Path, database: Postgres, running: ExitStack) -> None:
        self.choices = choices
        self._shown = -1
        call_command("migrate", verbosity=0)
        if choices.without == "durability":
            sql.execute("ALTER SYSTEM SET wal_writer_delay = '3s'")
            sql.rows("SELECT pg_reload_conf()")
        simulator = Simulator(folder / "provider", *_flags(choices))
        running.callback(simulator.stop)
        upstream = Upstream(simulator, concurrency=choices.clients)
        resellers = [Reseller(funds=str(FUNDS)) for _ in range(choices.clients)]
        self.customers = [reseller.user.pk for reseller in resellers]
        port = own_port()
        panel = Panel(
            folder,
            provider_at=f"127.0.0.1:{simulator.port}",
            reach=_reach(choices, database),
            processes=WITH_WEB,
            postgres=database,
            web_port=port,
            unsafe=choices.without in sabotage.SAFETIES,
        )
        running.callback(panel.end)
        panel.start()
        self.rig = Rig(simulator=simulator, upstream=upstream, panel=panel, seed=choices.seed)
        keys = [reseller.key for reseller in resellers]
        url = f"http://127.0.0.1:{port}"
        self.clients = Clients(url, keys, service_id=upstream.service.pk, orders=choices.orders)

    def run(self) -> Happened:
        """Order, kill in the middle, wait until nothing moves any more, and count."""
        dying = ("postgres",) if self.choices.without == "durability" else COMPANIONS
        companions = [dying[number % len(dying)] for number in range(self.choices.kills // 2)]
        moments = strikes(self.rig.dice, orders=self.choices.orders, companions=companions, longest_wait=LONGEST_WAIT)
        self.rig.simulator.control(faults=[{**SPOILED, "rate": self.choices.spoiled}, REFUSED])
        self.clients.start()
        try:
            self.rig.strike(moments, self._sent)
            self.rig.until(self._all_placed, "not everything is placed")
        finally:
            self.clients.end()
        self.rig.settle(still_seconds=self.choices.still_seconds)
        return what_happened(self.rig.simulator, customers=self.customers, told=self.clients.told)

    def told(self, happened: Happened) -> str:
        """In words."""
        without = f" without {self.choices.without}" if self.choices.without else ""
        ids = "no request ids" if self.choices.no_request_ids else "request ids"
        panel = self.rig.panel
        return (
            f"chaos{without}, provider with {ids}, seed {self.choices.seed}: {self.choices.clients} clients, "
            f"{self.clients.retries} requests sent again, {len(self.clients.refused)} refused; {panel.kills} killed, "
            f"{self._ended_by_themselves()} ended by themselves\n{happened}"
        )

    def _ended_by_themselves(self) -> str:
        """Which, and how often."""
        ended = Counter(self.rig.panel.ended_by_themselves)
        return ", ".join(f"{name} {times}" for name, times in ended.items()) or "none"

    def as_json(self, happened: Happened) -> dict[str, int | float]:
        return {
            "orders": happened.orders,
            "clients": self.choices.clients,
            "kills": self.rig.panel.kills,
            "sent_twice": happened.sent_twice,
            "forgotten": happened.forgotten,
            "unknown": happened.unknown,
            "healed": happened.healed,
            "cents_lost": float(happened.cents_lost),
        }

    def _all_placed(self) -> bool:
        self._sent()
        return self.clients.done

    def _sent(self) -> int:
        """How many requests have reached the provider; all, where nobody orders any more.

        The clients are told, and go on as the provider does; how far it is is shown.
        """
        arrived = int(self.rig.simulator.watch("totals")["arrived"])
        self.clients.sent_upstream = arrived
        done = min(BAR, BAR * arrived // self.choices.orders)
        if done > self._shown:
            self._shown = done
            words = f"{arrived:,} of {self.choices.orders:,} sent, {self.rig.panel.kills} killed"
            print(f"    [{'#' * done}{'.' * (BAR - done)}] {words}", file=sys.stderr, flush=True)
        return self.choices.orders if self.clients.done else arrived


def _flags(choices: Choices) -> list[str]:
    flags = ["--speed-up", SPEED_UP, "--latency-ms", str(choices.latency_ms), "--seed", str(choices.seed)]
    return [*flags, *(["--no-request-ids"] if choices.no_request_ids else [])]


def _reach(choices: Choices, database: Postgres) -> dict[str, str]:
    """The variables of the panel's processes. The clients are not to be slowed down by their limit."""
    own = {"DATABASE_URL": database.url, "API_CALLS_PER_MINUTE": "1000000", sabotage.VARIABLE: choices.without}
    return {**os.environ, **PLAIN_FILES, **own}
