"""`make chaos`: programs order by API from a whole panel whose parts are killed at random, and everything is counted.

Prints what was sent twice, forgotten, unknown and how that healed, and the cents lost; leaves the same as JSON. Ends
with 1 where anything was not as promised.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import django

from smmpanel.embedded.postgres import Postgres
from smmpanel.embedded.services import Home
from tests.chaos import choices
from tests.chaos.ports import own_port


def main(arguments: Sequence[str]) -> int:
    chosen = choices.read(arguments, __doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="smmpanel-chaos-")))
        folder.chmod(0o711)  # the database runs under another account
        database = _database(folder, durable=chosen.without != "durability")
        running.callback(database.stop)
        database.start()
        os.environ |= {"DATABASE_URL": database.url, "DJANGO_SETTINGS_MODULE": "smmpanel.settings"}
        django.setup()
        from tests.chaos.stand import Stand  # models cannot be imported before Django knows its database

        stand = Stand(chosen, folder, database, running)
        happened = stand.run()
    print(stand.told(happened))
    chosen.out.parent.mkdir(exist_ok=True)
    chosen.out.write_text(json.dumps(stand.as_json(happened)) + "\n")
    return 0 if happened.as_promised else 1


def _database(folder: Path, *, durable: bool) -> Postgres:
    """A server of our own, to be killed. One that is not durable may lose what it said was committed."""
    home = folder / "postgres"
    home.mkdir()
    return Postgres(
        home=home,
        record=Home(folder).record("postgres"),
        password="chaos",
        throwaway=not durable,
        preferred_port=own_port(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
