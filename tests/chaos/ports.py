"""Ports for servers that are killed and come back while others go on knocking."""

import random

from smmpanel.embedded import processes


def own_port() -> int:
    """A free port below those that outgoing connections get (ip_local_port_range begins at 32768).

    Who knocks again and again where nobody listens may otherwise be given that very port, and talk to itself there.
    """
    return next(port for port in random.sample(range(20_000, 30_000), 1000) if not processes.port_in_use(port))
