"""Where the clone keeps what it writes, and how its small `KEY=value` files are read and written."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
STATE_DIRECTORIES = (Path("/var/lib"), Path(tempfile.gettempdir()))


def read_env(path: Path) -> dict[str, str]:
    """Read the `KEY=value` lines of a file; an absent file is empty."""
    if not path.is_file():
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in path.read_text().splitlines())
    return {key.strip(): value.strip().strip("'\"") for key, found, value in pairs if found and key[:1] != "#"}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def write_env(path: Path, values: dict[str, str]) -> None:
    """Write `KEY=value` lines to a private file."""
    write_private(path, "".join(f"{key}={value}\n" for key, value in values.items()))


def folder_outside(root: Path) -> Path:
    """Make a folder for this clone alone, under the system's state directory or else the temporary one."""
    name = hashlib.sha256(str(root).encode()).hexdigest()[:10]
    for parent in STATE_DIRECTORIES:
        try:
            return Path(tempfile.mkdtemp(prefix=f"smmpanel-{name}-", dir=parent))
        except OSError:
            continue
    raise FileNotFoundError(f"No folder for the database's files: tried {', '.join(map(str, STATE_DIRECTORIES))}.")
