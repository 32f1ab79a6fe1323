"""A clone of this repository's HEAD in a folder of its own, and the panel that `make run` starts there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from smmpanel.embedded import processes

ROOT = Path(__file__).resolve().parents[1]
PASSED_ON = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
START_SECONDS = 600  # a cold package index may be slow; what is measured is printed
STOP_SECONDS = 120


class FreshClone:
    """What a newcomer has after `git clone`: no state, no settings, an empty home."""

    def __init__(self, folder):
        self.folder, self.home = folder / "smmpanel", folder / "home"
        self.home.mkdir(parents=True)
        self.ports = {"PORT": str(processes.free_port()), "SIMULATOR_PORT": str(processes.free_port())}
        self.url = f"http://127.0.0.1:{self.ports['PORT']}"
        self.begun = time.monotonic()
        assert (ROOT / ".git").exists(), "This test clones the repository; these files are not a git checkout."
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.folder)], check=True)

    def environment(self, **more):
        """Return the variables of a fresh login, and what this machine needs to reach its package index."""
        ours = (str(Path(sys.prefix) / "bin"), str(Path(sys.executable).parent))
        path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part not in ours)
        kept = {key: os.environ[key] for key in os.environ if key in PASSED_ON or key.startswith("PIP_")}
        cache = {"PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip")}
        return {**cache, **kept, "PATH": path, "HOME": str(self.home), **self.ports, **more}

    def start(self, *command, **more):
        """Start a command in the clone and return it as a `Running`."""
        return Running(self, command or ("make", "run"), self.environment(**more))

    def demo(self):
        """Return what `make run` tells programs: addresses and logins."""
        return json.loads((self.folder / "var" / "demo.json").read_text())

    def left_running(self):
        """Return the processes that work in the clone or in its database's folder."""
        places = (str(self.folder), str((self.folder / "var" / "postgres").resolve()))
        return [found for found in map(_describe, Path("/proc").glob("[0-9]*")) if any(p in found for p in places)]

    def remove(self):
        """Remove the clone, and the cluster that had to lie outside it."""
        cluster = self.folder / "var" / "postgres"
        if cluster.is_symlink():
            shutil.rmtree(cluster.resolve().parent)
        shutil.rmtree(self.folder)


class Running:
    """A command in the clone, its output so far, and the seconds since the clone was begun."""

    def __init__(self, clone, command, environment):
        self.clone, self.seconds = clone, None
        self.output_file = clone.home / "output"
        with self.output_file.open("w") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=clone.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self):
        return self.output_file.read_text()

    def wait_until_it_answers(self):
        """Wait for the line that says so; fail with the output when the command ends first."""
        ready = lambda: "Ctrl-C stops it" in self.output or self.popen.poll() is not None  # noqa: E731
        assert processes.wait_until(ready, seconds=START_SECONDS), self.output
        assert self.popen.poll() is None, self.output
        self.seconds = time.monotonic() - self.clone.begun
        return self

    def wait(self):
        """Wait for its end and return its exit status."""
        return self.popen.wait(timeout=STOP_SECONDS)

    def stop(self, number=signal.SIGTERM):
        """Send a signal to the command alone, as a supervisor does, and return its exit status."""
        self.popen.send_signal(number)
        return self.wait()


def _describe(process):
    """Return a living process's folder and command line; nothing for one that is ending."""
    try:
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return f"{(process / 'cwd').readlink()} {words}" if words else ""
    except OSError:
        return ""
