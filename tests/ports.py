"""Ports for servers that must be told theirs, such as one that is killed and comes again on the same."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

#: Below what any kernel hands to outgoing connections and to those who ask for any port (from 16,000 or 32,768 on):
#: a client that knocks while the server is away, or one that has nothing to do with us, cannot be given it meanwhile.
_RANGE = range(10_000, 16_000)


def free_port() -> int:
    """One that nobody listens on at this moment, and that nobody is likely to ask for."""
    return free_ports(1)[0]


def free_ports(many: int) -> list[int]:
    """So many different ones."""
    chosen = random.sample(_RANGE, len(_RANGE))
    return list(islice(filter(_free, chosen), many))


@contextmanager
def deaf_port() -> Iterator[int]:
    """One that is bound and where nobody listens, so that connecting to it is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        yield port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True
