"""Goal P12: from a fresh clone to its first page, once the packages are installed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.bench.measuring import Figure

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 20.0
MOST_SECONDS = 180


def p12() -> Figure:
    """Seconds from `make run` in a new clone, with this checkout's packages, to an answered first page."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        (clone / ".venv").symlink_to(Path(sys.prefix))
        seconds = _until_first_page(clone)
    return Figure(
        name="P12",
        goal="fresh clone to first page: at most 20 s after packages are installed",
        value=seconds,
        limit=LIMIT_SECONDS,
        unit="s",
        n=1,
    )


def _until_first_page(clone: Path) -> float:
    port, simulator_port = _free_port(), _free_port()
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    begun = time.perf_counter()
    panel = subprocess.Popen(["make", "run"], cwd=clone, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", panel)
        return time.perf_counter() - begun
    finally:
        panel.send_signal(signal.SIGTERM)
        panel.wait(60)


def _wait_for(url: str, panel: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        assert panel.poll() is None, "make run ended by itself"
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError(f"no first page in {MOST_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
