"""A file of JSON lines that is only appended to, by one process at a time; what was appended survives a kill -9."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class CannotOpen(Exception):
    """Another simulator writes to this folder, or one with another seed did."""


class Lines:
    """Each append is a whole line, in the system's hands before it returns.

    A last line that kill -9 tore is cut off once all lines were read: what it told of never got an answer.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Open or make the file. Raises CannotOpen while another process has it open."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise CannotOpen(f"another simulator uses {folder}") from None

    def read(self) -> Iterator[Line]:
        """Every line from the first on."""
        good = 0
        with os.fdopen(os.dup(self._file), "rb") as lines:
            lines.seek(0)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                yield json.loads(line)
                good += len(line)
        os.ftruncate(self._file, good)

    def append(self, line: Line) -> None:
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)
