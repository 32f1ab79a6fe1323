"""A numbered Redis database for each process that tests side by side, so that they empty theirs without each other.

Named with `-p` in the Makefile: it has to run before Django reads its settings.
"""

import os

if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and os.environ.get("REDIS_URL"):
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + int(worker.removeprefix('gw'))}"
