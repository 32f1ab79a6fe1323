"""Starts the simulator as the separate process that it is, and speaks HTTP to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

KEY = "demo-simulator-key"
SECRET = "test-sandbox-secret"
FOLLOWERS = 1001  # Default, 50 to 50,000, refill and cancel


class Simulator:
    """One running process. `stop` ends it with a signal; `start` begins again on the same data and port."""

    def __init__(self, data: Path, *flags: str) -> None:
        self.data = data
        self.flags = flags
        self.port = _free_port()
        self.http = requests.Session()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "orders.simulator", "--port", str(self.port), "--data", str(self.data)]
        environment = {**os.environ, "SANDBOX_SECRET": SECRET}
        self.process = subprocess.Popen([*command, *self.flags], stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout
        self.banner = self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.http.close()
        self.process.send_signal(number)
        self.process.communicate(timeout=10)
        return self.process.returncode

    def post(self, *, timeout: float = 10, headers: dict[str, str] | None = None, **params: Any) -> requests.Response:
        url = f"http://127.0.0.1:{self.port}/api/v2"
        return self.http.post(url, data={"key": KEY} | params, timeout=timeout, headers=headers)

    def call(self, action: str, **params: Any) -> Any:
        return self.post(action=action, **params).json()

    def add(self, link: str = "https://example.com/p/1", *, service: int = FOLLOWERS, **params: Any) -> int:
        answer = self.call("add", service=service, link=link, **{"quantity": 1000} | params)
        assert list(answer) == ["order"], answer
        return int(answer["order"])

    def control(self, **wishes: Any) -> Any:
        return self._steer("", wishes)

    def fault(self, kind: str | list[str], *, action: str = "add", **rest: Any) -> None:
        self.control(faults=[{"action": action, "kind": kind, **({"next": 1} | rest if "rate" not in rest else rest)}])

    def bulk(self, **wishes: Any) -> Any:
        return self._steer("/bulk", wishes)

    def watch(self, what: str = "counts", **params: Any) -> Any:
        return self.http.get(f"http://127.0.0.1:{self.port}/control/{what}", params=params, timeout=30).json()

    def truth(self, order: int, *, at: float) -> Any:
        return self.watch("orders", ids=order, at=at)["orders"][str(order)]

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data / "journal.jsonl").read_text().splitlines()]

    def wait_for(self, order: int, word: str) -> dict[str, str]:
        until = time.monotonic() + 20
        while (answer := self.call("status", order=order))["status"] != word:
            assert time.monotonic() < until, answer
            time.sleep(0.02)
        return dict(answer)

    def _steer(self, path: str, wishes: dict[str, Any]) -> Any:
        answer = self.http.post(f"http://127.0.0.1:{self.port}/control{path}", json=wishes, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators with flags, each with its own data; kills those that still run."""
    started: list[Simulator] = []

    def _start(*flags: str) -> Simulator:
        started.append(Simulator(tmp_path / str(len(started)), *flags))
        return started[-1]

    yield _start
    for simulator in started:
        simulator.process.kill()
        simulator.process.communicate()
        simulator.http.close()


@pytest.fixture
def simulator(start: Callable[..., Simulator]) -> Simulator:
    """A provider with request ids, an hour to a minute."""
    return start()


@pytest.fixture
def fast(start: Callable[..., Simulator]) -> Simulator:
    """An hour to a tenth of a second: an order of 1,000 takes about as long."""
    return start("--speed-up", "36000")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
