"""The web server as `make run` starts it, on any database, for tests and benchmarks that speak HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

STARTS_WITHIN_SECONDS = 60
PLAIN_FILES = {"STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # none were collected


def database_url(at: dict[str, Any], *, name: str | None = None) -> str:
    """A DATABASE_URL from Django's connection parameters; name: of another database on the same server."""
    return f"postgres://{at['user']}:{at.get('password', '')}@{at['host']}:{at['port']}/{name or at['dbname']}"


@contextmanager
def serving(database: str) -> Iterator[str]:
    """Granian with two workers on that DATABASE_URL; yields its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "8"),
        *("--host", "127.0.0.1", "--port", str(port), "smmpanel.wsgi:application"),
    ]
    environment = os.environ | PLAIN_FILES | {"DATABASE_URL": database}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/livez", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """With its workers, also where the signal came while one of them was being started, and it waits for that one."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, "the web server ended by itself"
        try:
            requests.get(url, timeout=5)
        except requests.RequestException:  # it listens before its workers answer
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} did not answer in {STARTS_WITHIN_SECONDS} s")
